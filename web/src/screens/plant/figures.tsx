// How many there are of what a person looks for first, all of it at one place of the ledger. Inspections read these figures from here.
import { FiguresQuery } from "../../api/inspections.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { href } from "../../logic/route.ts";

const LEAST_BETWEEN_ASKS_MS = 1_000;

export function Figures({ site }: { site: string }) {
  const { approvals, changed, plantChanges } = usePlant();
  const asked = useAsked(FiguresQuery, { site, atLeast: null });
  useRefreshOnReturn(asked.refresh);
  // Whatever is pushed may have changed one of them.
  usePaced(plantChanges.any, asked.refresh, LEAST_BETWEEN_ASKS_MS);
  usePaced(changed, asked.refresh, LEAST_BETWEEN_ASKS_MS);
  usePaced(approvals, asked.refresh, LEAST_BETWEEN_ASKS_MS);
  const figures = asked.data?.figures;
  if (!figures) return null;
  return (
    <dl className="sitefigures" data-figures={site} data-position={figures.position}>
      <Figure name="open_cases" text={figures.openCases === 1 ? "open case" : "open cases"} to={href.cases} count={figures.openCases} />
      <Figure name="waiting_approvals" text="to decide" to={href.approvals} count={figures.waitingApprovals} />
      <Figure name="open_tasks" text={figures.openTasks === 1 ? "open task" : "open tasks"} to={href.board} count={figures.openTasks} />
      <Figure name="tasks_in_review" text="to review" to={href.board} count={figures.tasksInReview} />
    </dl>
  );
}

function Figure({ name, text, to, count }: { name: string; text: string; to: string; count: number }) {
  return (
    <div>
      <dt>
        <a href={to}>{text}</a>
      </dt>
      <dd data-figure={name}>{count}</dd>
    </div>
  );
}
