// All that the crew did, the latest first: tasks, investigations, calls to models, actions, letters, reports; by agent, kind and case.
import { type WorkKind, WorkLogQuery, type WorkStep } from "../../api/crew.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { useParams } from "../../live/address.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { href } from "../../logic/route.ts";
import { WORK_KINDS, workKindText } from "../../logic/work.ts";
import { crewName, isService } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { Pager, usePages } from "../../parts/pager.tsx";
import { When } from "../../parts/when.tsx";
import { CrewTabs } from "./crew-tabs.tsx";

const PAGE = 50;
const LEAST_MS = 500;

export function WorkScreen() {
  const [params, change] = useParams();
  const [agent, what, caseId] = [params.get("agent") ?? "", params.get("what") ?? "", params.get("case") ?? ""];
  return (
    <>
      <header className="pagehead">
        <h1>Log</h1>
        <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            <span className="label">Kind</span>
            <select value={what} onChange={(event) => change({ what: event.target.value })}>
              <option value="">all work</option>
              {WORK_KINDS.map((kind) => (
                <option key={kind} value={kind}>
                  {workKindText(kind)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="label">Who</span>
            <input value={agent} placeholder="svc-hunter" autoCapitalize="off" onChange={(event) => change({ agent: event.target.value.trim() })} />
          </label>
          {caseId !== "" && (
            <button type="button" className="quiet" onClick={() => change({ case: null })}>
              Of every case
            </button>
          )}
        </form>
      </header>
      <CrewTabs here="work" />
      <Steps key={`${agent} ${what} ${caseId}`} agent={agent || null} what={known(what)} caseId={caseId || null} />
    </>
  );
}

function known(what: string): WorkKind | null {
  return WORK_KINDS.find((kind) => kind === what) ?? null;
}

function Steps({ agent, what, caseId }: { agent: string | null; what: WorkKind | null; caseId: string | null }) {
  const { plantChanges } = usePlant();
  const pages = usePages();
  const { data, problem, loading, refresh } = useAsked(WorkLogQuery, { agent, what, case: caseId, first: PAGE, after: pages.after });
  usePaced(plantChanges.any, pages.after === null ? refresh : nothing, LEAST_MS);
  useRefreshOnReturn(refresh);
  const log = data?.workLog ?? null;
  return (
    <>
      {problem && <Problem text={problem} retry={refresh} />}
      {log === null && !problem && <Loading what="the log" />}
      {log?.nodes.length === 0 && <Empty title="Nothing was done">No step of work fits what is asked for.</Empty>}
      {log !== null && log.nodes.length > 0 && (
        <ol className="panel worklog">
          {log.nodes.map((step) => (
            <Step key={step.id} step={step} />
          ))}
        </ol>
      )}
      {log !== null && <Pager of="log" pages={pages} next={log.pageInfo.hasNextPage ? (log.pageInfo.endCursor ?? null) : null} loading={loading} refresh={refresh} />}
    </>
  );
}

function nothing() {}

function Step({ step }: { step: WorkStep }) {
  return (
    <li data-what={step.what}>
      <When at={step.at} title="Real time" />
      <a className="who" href={href.workOf(step.agent)}>
        {isService(step.agent) ? crewName(step.agent) : step.agent}
      </a>
      <span className="sentence">
        <span className="feature">{workKindText(step.what)}</span> {step.summary}
      </span>
      <span className="about">
        {step.taskId !== null && <a href={href.task(step.taskId)}>Task</a>} {step.caseId !== null && <a href={href.case(step.caseId)}>Case</a>}
      </span>
    </li>
  );
}
