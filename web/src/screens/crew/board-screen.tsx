// The crew's work as a board: a column for each place where a task can be, the pressing first.
import { useEffect, useMemo } from "react";
import { BoardQuery, type Task, type TaskStage } from "../../api/crew.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { useParams } from "../../live/address.ts";
import { useDue } from "../../live/due.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { COLUMNS, nothingText, sorted, stageText } from "../../logic/board.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Loading, Problem } from "../../parts/notice.tsx";
import { CrewTabs } from "./crew-tabs.tsx";
import type { Follow } from "./agent-deeds.tsx";
import { TaskCard } from "./task-card.tsx";
import { TaskForm } from "./task-form.tsx";

const MOST = 30;
const LEAST_MS = 500;

export function BoardScreen() {
  const { plantChanges } = usePlant();
  const asked = useFollowed(BoardQuery, { first: MOST });
  const { data, refresh } = asked;
  usePaced(plantChanges.crew, refresh, LEAST_MS);
  useRefreshOnReturn(refresh);
  // The clock alone takes a task from whoever does not renew its lease.
  const leases = useMemo(() => (data?.ACTIVE.nodes ?? []).flatMap((task) => task.lease?.until ?? []), [data]);
  useDue(leases, refresh);
  const [params] = useParams();
  const wanted = params.get("task");
  useLeadTo(wanted, data !== null);
  return (
    <>
      <header className="pagehead">
        <h1>Tasks</h1>
      </header>
      <CrewTabs here="board" />
      <details className="panel newtask">
        <summary>File a task</summary>
        <Deeds>
          <TaskForm follow={asked.follow} />
        </Deeds>
      </details>
      {asked.problem && <Problem text={asked.problem} retry={refresh} />}
      {data === null && !asked.problem && <Loading what="the tasks" />}
      {data !== null && (
        <div className="board">
          {COLUMNS.map((stage) => (
            <Column key={stage} stage={stage} tasks={data[stage].nodes} more={data[stage].pageInfo.hasNextPage} wanted={wanted} follow={asked.follow} />
          ))}
        </div>
      )}
    </>
  );
}

interface ColumnProps {
  stage: TaskStage;
  tasks: readonly Task[];
  more: boolean;
  wanted: string | null;
  follow: Follow;
}

function Column({ stage, tasks, more, wanted, follow }: ColumnProps) {
  return (
    <section className="column" data-stage={stage} aria-labelledby={`stage-${stage}`}>
      <h2 id={`stage-${stage}`}>
        {stageText(stage)} <span className="count">{more ? `${tasks.length} and more` : tasks.length}</span>
      </h2>
      {tasks.length === 0 && <p className="by">{nothingText(stage)}</p>}
      <ul>
        {sorted(tasks, stage).map((task) => (
          <TaskCard key={task.id} task={task} open={task.id === wanted} follow={follow} />
        ))}
      </ul>
      {more && <p className="by">Those filed last are shown.</p>}
    </section>
  );
}

/** A link to one task leads the eye and the keyboard to it. */
function useLeadTo(task: string | null, there: boolean): void {
  useEffect(() => {
    if (task === null || !there) return;
    const place = document.getElementById(`task-${task}`);
    place?.scrollIntoView({ block: "center" });
    place?.focus({ preventScroll: true });
  }, [task, there]);
}
