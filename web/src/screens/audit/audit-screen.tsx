// Every fact on the ledger, last recorded first, page by page.
import { useRef } from "react";
import { KindsQuery } from "../../api/proof.ts";
import { AuditQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useParams } from "../../live/address.ts";
import { usePlant } from "../../live/plant.tsx";
import { href } from "../../logic/route.ts";
import { fieldOf, ofField } from "../../logic/moments.ts";
import { partitionText } from "../../logic/partitions.ts";
import { factName, plural } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { Pager, usePages } from "../../parts/pager.tsx";
import { Clocks } from "../../parts/when.tsx";
import { AuditRow } from "./audit-row.tsx";
import { Verification } from "./verification.tsx";

const PAGE = 50;
/** Facts of the ledger's own housekeeping, of which there is one for nearly every other fact. */
const HOUSEKEEPING = ["CommandAnswered", "ReadingsSealed", "PartitionOwned"];

export function AuditScreen({ stream }: { stream: string | null }) {
  const [params, change] = useParams();
  const { plants } = usePlant();
  const [kind, actor, partition] = [params.get("kind") ?? "", params.get("actor") ?? "", params.get("partition") ?? ""];
  const between = { from: params.get("from"), to: params.get("to") };
  const all = params.get("all") === "yes";
  const actors = useRef(new Set<string>());
  const kinds = useAsked(KindsQuery, {}).data?.auditKinds ?? [];
  const partitions = [...(plants ?? []).map((plant) => `ledger/${plant.site}`), "ledger/_platform"];
  return (
    <>
      <header className="pagehead">
        <h1>Audit</h1>
        <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            <span className="label">Fact</span>
            <select value={kind} onChange={(event) => change({ kind: event.target.value })}>
              <option value="">every kind</option>
              {/* What an address names is shown even while the list is on its way. */}
              {kind !== "" && !kinds.includes(kind) && <option value={kind}>{factName(kind)}</option>}
              {kinds.map((name) => (
                <option key={name} value={name}>
                  {factName(name)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="label">Who, exactly as stored</span>
            <input value={actor} onChange={(event) => change({ actor: event.target.value.trim() })} list="audit-actors" placeholder="svc-policy" autoCapitalize="off" spellCheck={false} />
          </label>
          <label>
            <span className="label">Part of the ledger</span>
            <select value={partition} onChange={(event) => change({ partition: event.target.value })}>
              <option value="">all</option>
              {partition !== "" && !partitions.includes(partition) && <option value={partition}>{partitionText(partition)}</option>}
              {partitions.map((one) => (
                <option key={one} value={one}>
                  {partitionText(one)}
                </option>
              ))}
            </select>
          </label>
          <TimeBound label="From" at={between.from} change={(from) => change({ from })} />
          <TimeBound label="to" at={between.to} change={(to) => change({ to })} />
          <label className="check">
            <input type="checkbox" checked={all} onChange={(event) => change({ all: event.target.checked ? "yes" : null })} />
            housekeeping too
          </label>
        </form>
      </header>
      {stream !== null && (
        <p className="scope">
          Only the facts of <code>{stream}</code>. <a href={href.audit}>Show all</a>
        </p>
      )}
      <Verification partitions={partitions} wanted={{ partition: partition || null, kind: kind || null, actor: actor || null, stream, ...between }} />
      <Clocks says="Times in this list are when a fact was recorded, in real time. Opened, a fact also says when it happened, in plant time." />
      <AuditPages key={`${kind}|${actor}|${partition}|${between.from}|${between.to}`} kind={kind || null} actor={actor || null} partition={partition || null} between={between} stream={stream} actors={actors.current} all={all || HOUSEKEEPING.includes(kind)} />
    </>
  );
}

/** In the reader's own zone; empty: no bound. */
function TimeBound({ label, at, change }: { label: string; at: string | null; change: (at: string | null) => void }) {
  const moment = at === null ? null : ofField(at);
  return (
    <label>
      <span className="label">{label}</span>
      <input
        type="datetime-local"
        step={1}
        value={moment === null ? "" : fieldOf(moment)}
        onChange={(event) => {
          const picked = ofField(event.target.value);
          change(picked === null ? null : new Date(picked).toISOString());
        }}
      />
    </label>
  );
}

interface Asked {
  kind: string | null;
  actor: string | null;
  partition: string | null;
  between: { from: string | null; to: string | null };
  stream: string | null;
  all: boolean;
  /** Everybody whom a page has named so far: the filter offers them. */
  actors: Set<string>;
}

function AuditPages({ kind, actor, partition, between, stream, all, actors }: Asked) {
  const pages = usePages();
  const asked = useAsked(AuditQuery, { filter: { kind, actor, partition, stream, ...between }, first: PAGE, after: pages.after });
  const page = asked.data?.audit;
  for (const entry of page?.nodes ?? []) actors.add(entry.actor);
  if (!page) return asked.problem ? <Problem text={asked.problem} retry={asked.refresh} /> : <Loading what="the ledger" />;
  if (page.nodes.length === 0) return <Empty title="No such fact">Nothing on the ledger matches. Choose another kind, person or time.</Empty>;
  const shown = page.nodes.filter((entry) => all || !HOUSEKEEPING.includes(entry.kind));
  const next = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  return (
    <>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      <datalist id="audit-actors">
        {[...actors].toSorted().map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <ol className="facts" aria-busy={asked.loading}>
        {shown.map((entry) => (
          <AuditRow key={`${entry.partition}:${entry.seq}`} entry={entry} />
        ))}
      </ol>
      {shown.length < page.nodes.length && <p className="hidden">{plural(page.nodes.length - shown.length, "fact")} of housekeeping not shown on this page.</p>}
      <Pager of="audit list" pages={pages} next={next} loading={asked.loading} refresh={asked.refresh} />
    </>
  );
}
