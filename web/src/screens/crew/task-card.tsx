// One task: what is to be done, how pressing it is, where it stands, and behind a fold its result and what a person said.
import type { Task } from "../../api/crew.ts";
import { markText, standingText } from "../../logic/board.ts";
import { count, shortId } from "../../logic/budgets.ts";
import { href } from "../../logic/route.ts";
import { crewName, humanise } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";
import { Written } from "../../parts/written.tsx";
import type { Follow } from "./agent-deeds.tsx";
import { TaskDeeds } from "./task-deeds.tsx";

/** People stay as they are; agents are called by their work. */
function who(name: string): string {
  return /^(svc|agent)-/.test(name) ? crewName(name) : name;
}

export function TaskCard({ task, open, follow }: { task: Task; open: boolean; follow: Follow }) {
  const standing = standingText(task, who);
  return (
    <li className="task" id={`task-${task.id}`} tabIndex={-1} data-priority={task.priority}>
      <p className="tasktitle">
        <strong>{task.title}</strong>
      </p>
      {task.marks.map((mark) => (
        <p key={mark} className="taskmark" data-mark={mark}>
          {markText(mark)}
        </p>
      ))}
      {standing !== null && (
        <p>
          {standing}
          {task.lease && (
            <span className="feature">
              {" "}
              until <When at={task.lease.until} title="Its lease, real time" />
            </span>
          )}
        </p>
      )}
      <p className="by">
        {humanise(task.priority)} · {humanise(task.needs).toLowerCase()}
        {task.deadline !== null && (
          <>
            {" "}
            · due <When at={task.deadline} title="Real time" />
          </>
        )}
        {task.estimatedTokens > 0 && <> · about {count(task.estimatedTokens)} tokens</>}
        {task.autonomous && <> · autonomous</>}
        {task.labels.length > 0 && <> · {task.labels.join(", ")}</>}
      </p>
      <details open={open || undefined}>
        <summary>
          More<span className="unseen"> about {task.title}</span>
        </summary>
        <More task={task} />
      </details>
      <TaskDeeds task={task} follow={follow} />
    </li>
  );
}

function More({ task }: { task: Task }) {
  return (
    <div className="taskmore">
      {task.details !== null && <blockquote className="words">{task.details}</blockquote>}
      {task.note !== null && (
        <>
          <p className="label">A person said last</p>
          <blockquote className="words">{task.note}</blockquote>
        </>
      )}
      {task.result !== null && (
        <>
          <p className="label">Its result</p>
          <Written text={task.result} />
        </>
      )}
      {task.tests.length > 0 && (
        <ul>
          {task.tests.map((test) => (
            <li key={`${test.fence} ${test.at}`}>
              {test.passed ? "✓ Test passed" : "✕ Test failed"}: {test.report} <span className="feature">by {who(test.by)}</span>
            </li>
          ))}
        </ul>
      )}
      {task.caseId !== null && (
        <p>
          About <a href={href.case(task.caseId)}>a case</a>
        </p>
      )}
      {task.whyQueued !== null && <p>Taken up by itself: {task.whyQueued}.</p>}
      {task.dependsOn.length > 0 && (
        <p>
          After{" "}
          {task.dependsOn.map((id) => (
            <a key={id} href={href.task(id)}>
              {shortId(id)}{" "}
            </a>
          ))}
        </p>
      )}
      <p className="by">
        Filed by {who(task.filedBy)}, <When at={task.filedAt} title="Real time" />. <a href={href.auditOf(`task/${task.id}`)}>Its facts</a>
      </p>
    </div>
  );
}
