// The answers to a proposal: yes, no, something else in its place, or somebody else to ask.
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { Approve, Reject } from "../../api/changes.ts";
import type { Action, Signal } from "../../api/fragments.ts";
import { exact } from "../../logic/format.ts";
import { otherActions, valueChoice } from "../../logic/instead.ts";
import { unitSymbol } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";
import { DelegateForm } from "./delegate-form.tsx";
import { InsteadForm } from "./instead-form.tsx";

interface Props {
  action: Action;
  /** What the diagnosis suggests, best first. */
  suggests: readonly string[];
  signals: readonly Signal[];
  refresh: () => void;
  /** Hears that a yes was given here. */
  yes?: () => void;
}

type Asking = "nothing" | "yes" | "no" | "instead" | "somebody";

/** Two taps for a yes, at two places: neither a pocket nor a double tap nor a held key may move a machine. */
export function Answer({ action, suggests, signals, refresh, yes }: Props) {
  const [asking, setAsking] = useState<Asking>("nothing");
  const [told, setTold] = useState<string | null>(null);
  const approve = useAsk(Approve);
  const reject = useAsk(Reject);
  const busy = approve.busy || reject.busy;
  const problem = approve.problem ?? reject.problem;
  // The server does not say who looks at this page; what was said on it is known.
  const saidYes = approve.answered !== null && approve.answered.kind !== "REFUSED";
  const back = () => setAsking("nothing");
  const done = (words: string) => {
    setTold(words);
    back();
    refresh();
  };
  const sayYes = () =>
    void approve.ask({ action: action.id, binding: action.binding }).then((answered) => {
      if (answered !== null && answered.kind !== "REFUSED") {
        yes?.();
        done(action.yesNeeded > 1 ? "Your yes is on record; it takes another person's, too." : "Your yes is on record.");
      } else refresh();
    });

  return (
    <div className="answer">
      {told !== null && <Told text={told} />}
      {asking === "nothing" && (
        <Choices saidYes={saidYes} others={valueChoice(action, signals) !== null || otherActions(action, suggests).length > 0} choose={setAsking} />
      )}
      {asking === "yes" && (
        <div className="buttons" role="group" aria-label="Confirm the approval">
          <button type="button" autoFocus disabled={busy} onClick={back}>
            Back
          </button>
          <button type="button" className="approve" disabled={busy} onClick={sayYes}>
            {yesText(action)}
          </button>
        </div>
      )}
      {asking === "no" && <NoForm busy={busy} back={back} send={(note) => void reject.ask({ action: action.id, note }).then(refresh)} />}
      {asking === "instead" && <InsteadForm action={action} suggests={suggests} signals={signals} back={back} done={refresh} />}
      {asking === "somebody" && <DelegateForm action={action} back={back} done={done} />}
      {problem && <Problem text={problem} />}
    </div>
  );
}

function Choices({ saidYes, others, choose }: { saidYes: boolean; others: boolean; choose: (asking: Asking) => void }) {
  return (
    <>
      <div className="buttons">
        {!saidYes && (
          <button type="button" className="approve" onClick={() => choose("yes")}>
            Approve…
          </button>
        )}
        <button type="button" onClick={() => choose("no")}>
          Reject…
        </button>
      </div>
      <div className="otherwise">
        {others && (
          <button type="button" className="quiet" onClick={() => choose("instead")}>
            Another value or action…
          </button>
        )}
        <button type="button" className="quiet" onClick={() => choose("somebody")}>
          Ask somebody else…
        </button>
      </div>
    </>
  );
}

/** What was pressed is gone, so whoever works by keyboard is led to what came of it. */
function Told({ text }: { text: string }) {
  const element = useRef<HTMLParagraphElement>(null);
  useEffect(() => element.current?.focus({ preventScroll: true }), [text]);
  return (
    <p ref={element} tabIndex={-1} className="told" role="status">
      {text}
    </p>
  );
}

function NoForm({ busy, back, send }: { busy: boolean; back: () => void; send: (note: string | null) => void }) {
  const [note, setNote] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(note.trim() || null);
  };
  return (
    <form onSubmit={submit}>
      <label>
        <span className="label">Why not (optional)</span>
        <input value={note} autoFocus maxLength={500} onChange={(event) => setNote(event.target.value)} />
      </label>
      <div className="buttons">
        <button type="submit" disabled={busy}>
          Reject
        </button>
        <button type="button" disabled={busy} onClick={back}>
          Back
        </button>
      </div>
    </form>
  );
}

function yesText(action: Action): string {
  return action.write ? `Yes, write ${exact(action.write.value)} ${unitSymbol(action.write.unit)}`.trim() : "Yes, send it";
}
