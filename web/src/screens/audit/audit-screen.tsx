// Every fact on the ledger, last recorded first, page by page.
import { useState } from "react";
import { AuditQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { href } from "../../logic/route.ts";
import { factName, plural } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { AuditRow } from "./audit-row.tsx";

const PAGE = 50;
/** Facts of the ledger's own housekeeping, of which there is one for nearly every other fact. */
const HOUSEKEEPING = ["CommandAnswered", "ReadingsSealed", "PartitionOwned"];
const KINDS = [
  "AlertRaised", "ChangeJudged", "DiagnosisRecorded", "CaseRemembered", "ActionProposed", "ActionApproved", "ActionRejected", "ApprovalExpired", "ActionVoided", "ActionSuperseded",
  "ActionStarted", "ActionCompleted", "ActionFailed", "ActionUnverified", "OutcomeRecorded", "CommandRefused", "KillSwitchEngaged",
  "KillSwitchReleased", "AssetLockedOut", "AssetReturnedToService", "PolicyAdopted", "PlantDescribed", "BaselineLearned",
  "AlarmAcknowledged", "AlarmCleared", "AlarmShelved", "AlarmUnshelved", "AlarmTakenOutOfService", "AlarmReturnedToService", "AlertSuppressed",
  "ThresholdAdjusted", "RelearningProposed", "RelearningApproved", "BaselineRestored", "EffectWanted", "EffectDone", "EffectFailed", "PersonIntroduced", "PersonForgotten", ...HOUSEKEEPING,
];

export function AuditScreen({ stream }: { stream: string | null }) {
  const [kind, setKind] = useState("");
  const [actor, setActor] = useState("");
  const [all, setAll] = useState(false);
  return (
    <>
      <header className="pagehead">
        <h1>Audit</h1>
        <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            <span className="label">Fact</span>
            <select value={kind} onChange={(event) => setKind(event.target.value)}>
              <option value="">every kind</option>
              {KINDS.map((name) => (
                <option key={name} value={name}>
                  {factName(name)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="label">Who</span>
            <input value={actor} onChange={(event) => setActor(event.target.value.trim())} placeholder="exact name" autoCapitalize="off" />
          </label>
          <label className="check">
            <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />
            housekeeping too
          </label>
        </form>
      </header>
      {stream !== null && (
        <p className="scope">
          Only the facts of <code>{stream}</code>. <a href={href.audit}>Show all</a>
        </p>
      )}
      <AuditPages key={`${kind}|${actor}`} kind={kind || null} actor={actor || null} stream={stream} all={all || HOUSEKEEPING.includes(kind)} />
    </>
  );
}

function AuditPages({ kind, actor, stream, all }: { kind: string | null; actor: string | null; stream: string | null; all: boolean }) {
  // The cursors that led here, so that one can go back; null is the newest page.
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const asked = useAsked(AuditQuery, { filter: { kind, actor, stream }, first: PAGE, after: cursors.at(-1) ?? null });
  const page = asked.data?.audit;
  if (!page) return asked.problem ? <Problem text={asked.problem} retry={asked.refresh} /> : <Loading what="the ledger" />;
  if (page.nodes.length === 0) return <Empty title="No such fact">Nothing on the ledger matches. Choose another kind or person.</Empty>;
  const shown = page.nodes.filter((entry) => all || !HOUSEKEEPING.includes(entry.kind));
  const next = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  return (
    <>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      <ol className="facts" aria-busy={asked.loading}>
        {shown.map((entry) => (
          <AuditRow key={`${entry.partition}:${entry.seq}`} entry={entry} />
        ))}
      </ol>
      {shown.length < page.nodes.length && <p className="hidden">{plural(page.nodes.length - shown.length, "fact")} of housekeeping not shown on this page.</p>}
      <nav className="pager" aria-label="Pages of the audit list">
        <button type="button" disabled={cursors.length === 1} onClick={() => setCursors(cursors.slice(0, -1))}>
          Newer
        </button>
        <span>Page {cursors.length}</span>
        <button type="button" disabled={next === null} onClick={() => setCursors([...cursors, next])}>
          Older
        </button>
        <button type="button" className="quiet" disabled={asked.loading} onClick={asked.refresh}>
          Read again
        </button>
      </nav>
    </>
  );
}
