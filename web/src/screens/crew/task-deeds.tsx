// What a person can do to a task where it is: what changes somebody's work is said with a word of why.
import { type FormEvent, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { AcceptTask, BlockTask, QueueTask, RevertTask, SendBackTask, type Task, type TaskStep, UnblockTask } from "../../api/crew.ts";
import type { Answered } from "../../api/fragments.ts";
import { needsForm, stepText } from "../../logic/board.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Problem } from "../../parts/notice.tsx";
import type { Follow } from "./agent-deeds.tsx";

type Reason = NonNullable<Task["blockedBy"]>;

interface Doing {
  busy: boolean;
  problem: string | null;
  simple: (step: TaskStep) => Promise<Answered | null>;
  withNote: (step: TaskStep, note: string | null, reason: Reason) => Promise<Answered | null>;
}

/** The word counts for the result that was looked at: a newer one has another fence. */
function useSteps({ site, id, fence }: Task): Doing {
  const [queue, accept, sendBack, block, unblock, revert] = [useAsk(QueueTask), useAsk(AcceptTask), useAsk(SendBackTask), useAsk(BlockTask), useAsk(UnblockTask), useAsk(RevertTask)];
  const all = [queue, accept, sendBack, block, unblock, revert];
  const which = { site, task: id };
  return {
    busy: all.some((one) => one.busy),
    problem: all.find((one) => one.problem !== null)?.problem ?? null,
    simple: (step) => (step === "QUEUE" ? queue.ask(which) : step === "ACCEPT" ? accept.ask({ ...which, fence }) : unblock.ask(which)),
    withNote: (step, note, reason) =>
      step === "SEND_BACK" ? sendBack.ask({ ...which, fence, note }) : step === "BLOCK" ? block.ask({ ...which, reason, note }) : revert.ask({ ...which, note }),
  };
}

export function TaskDeeds({ task, follow }: { task: Task; follow: Follow }) {
  const doing = useSteps(task);
  const [asking, setAsking] = useState<TaskStep | null>(null);
  if (task.steps.length === 0) return null;
  const act = (step: TaskStep) => (needsForm(step) ? setAsking(step) : void doing.simple(step).then(follow));
  return (
    <Deeds quiet>
      {asking === null ? (
        <div className="deedrow">
          {task.steps.map((step) => (
            <button key={step} type="button" className="small" disabled={doing.busy} onClick={() => act(step)}>
              {stepText(step)}
              {needsForm(step) && "…"}
              <span className="unseen"> {task.title}</span>
            </button>
          ))}
        </div>
      ) : (
        <WhyForm
          step={asking}
          busy={doing.busy}
          back={() => setAsking(null)}
          act={(note, reason) =>
            void doing.withNote(asking, note, reason).then((answered) => {
              if (answered?.kind !== "REFUSED" && answered !== null) setAsking(null);
              follow(answered);
            })
          }
        />
      )}
      {doing.problem && <Problem text={doing.problem} />}
    </Deeds>
  );
}

interface WhyProps {
  step: TaskStep;
  busy: boolean;
  back: () => void;
  act: (note: string | null, reason: Reason) => void;
}

function WhyForm({ step, busy, back, act }: WhyProps) {
  const [note, setNote] = useState("");
  const [reason, setReason] = useState<Reason>("INPUT");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act(note.trim() === "" ? null : note.trim(), reason);
  };
  return (
    <form className="why" onSubmit={submit}>
      {step === "BLOCK" && (
        <label>
          <span className="label">It waits for</span>
          <select value={reason} onChange={(event) => setReason(event.target.value as Reason)}>
            <option value="INPUT">input</option>
            <option value="APPROVAL">an approval</option>
            <option value="BUDGET">a budget</option>
          </select>
        </label>
      )}
      <label>
        <span className="label">Note (optional)</span>
        <input value={note} maxLength={1000} autoFocus onChange={(event) => setNote(event.target.value)} />
      </label>
      <div className="deedrow">
        <button type="button" className="small" disabled={busy} onClick={back}>
          Back
        </button>
        <button type="submit" className="small" disabled={busy}>
          {stepText(step)}
        </button>
      </div>
    </form>
  );
}
