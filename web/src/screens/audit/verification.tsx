// Whether the ledger holds: the program's own last look, its latest signed heads, and files for whoever checks by themselves.
import { CheckpointsQuery, VerificationQuery } from "../../api/proof.ts";
import { useAsked } from "../../api/use-asked.ts";
import { exportAddress } from "../../logic/export.ts";
import { Loading, Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";

interface Props {
  partitions: readonly string[];
  partition: string | null;
  kind: string | null;
  between: Between;
}

/** Times as GraphQL writes them; null: no bound. */
export interface Between {
  from: string | null;
  to: string | null;
}

export function Verification({ partitions, partition, kind, between }: Props) {
  return (
    <section className="panel" aria-labelledby="verification">
      <h2 id="verification">Does it hold?</h2>
      <OwnLook />
      <details>
        <summary>Signed heads</summary>
        {(partition === null ? partitions : [partition]).map((one) => (
          <Heads key={one} partition={one} />
        ))}
      </details>
      <ExportForm partition={partition} kind={kind} between={between} />
    </section>
  );
}

function OwnLook() {
  const asked = useAsked(VerificationQuery, {});
  if (asked.problem) return <Problem text={asked.problem} retry={asked.refresh} />;
  if (asked.data === null) return <Loading what="the last verification" />;
  const look = asked.data.auditVerification;
  if (look === null) return <p>The program has not looked through the whole ledger since it was started; it does so by itself. At once: <code>millwright audit verify</code>.</p>;
  if (look.ok) {
    return (
      <p>
        <strong>✓ Every hash follows from the one before,</strong> up to <code>{look.upTo}</code>. The program looked itself, <When at={look.at} title="Real time" />.
      </p>
    );
  }
  return (
    <p className="problem" role="alert">
      <span>
        <strong>✕ The ledger is not what was written.</strong> First at{" "}
        <code>
          {look.firstBad?.partition}:{look.firstBad?.seq}
        </code>
        : {look.firstBad?.what}. Keep the data folder as it is, and compare it with a backup and an export from before.
      </span>
    </p>
  );
}

const MOST_HEADS = 3;

function Heads({ partition }: { partition: string }) {
  const asked = useAsked(CheckpointsQuery, { partition, first: MOST_HEADS });
  const heads = asked.data?.checkpoints;
  return (
    <div className="heads">
      <h3>{partition}</h3>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {heads?.length === 0 && <p className="by">None has been signed yet.</p>}
      <ul>
        {heads?.map((head) => (
          <li key={head.root}>
            <When at={head.recordedAt} title="Recorded" /> {head.treeSize} facts, root <code>{head.root}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Links and no buttons: a browser saves what comes while it comes. */
function ExportForm({ partition, kind, between }: { partition: string | null; kind: string | null; between: Between }) {
  const wanted = { partition, kind, ...between };
  const isNarrow = [partition, kind, between.from, between.to].some((one) => one !== null);
  return (
    <form className="exports" onSubmit={(event) => event.preventDefault()}>
      <a className="button inline" href={exportAddress("jsonl", wanted)} download>
        JSON lines
      </a>
      <a className="button inline" href={exportAddress("parquet", wanted)} download>
        Parquet
      </a>
      <p className="by">JSON lines are to the letter what is stored, and can be verified elsewhere; Parquet is for analysis.{isNarrow && " Only what the filter names."}</p>
    </form>
  );
}
