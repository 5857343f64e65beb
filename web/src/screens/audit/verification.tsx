// Whether the ledger holds: the program's own last look, its latest signed heads, and files for whoever checks by themselves.
import { Fragment, useEffect } from "react";
import { useMutation } from "urql";
import { CheckpointsQuery, type Look, VerificationQuery, VerifyNow } from "../../api/proof.ts";
import { useAsked } from "../../api/use-asked.ts";
import { exportAddress, type Wanted } from "../../logic/export.ts";
import { partitionHint, partitionText } from "../../logic/partitions.ts";
import { problemOf } from "../../logic/problem.ts";
import { Loading, Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";

interface Props {
  partitions: readonly string[];
  /** What the list below is filtered by. */
  wanted: Wanted;
}

export function Verification({ partitions, wanted }: Props) {
  const { partition } = wanted;
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
      <ExportForm wanted={wanted} />
    </section>
  );
}

const LOOK_AGAIN_MS = 1_000;

/** How the last look went, how far the present one is, and a button for one more. */
function OwnLook() {
  const asked = useAsked(VerificationQuery, {});
  const [verifying, verify] = useMutation(VerifyNow);
  const { refresh } = asked;
  const looking = asked.data?.auditLook ?? null;
  useEffect(() => {
    if (looking === null) return;
    const timer = setInterval(refresh, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [looking === null, refresh]);
  if (asked.data === null) return asked.problem ? <Problem text={asked.problem} retry={refresh} /> : <Loading what="the last verification" />;
  const begin = () => void verify({}).then((result) => result.data && refresh());
  return (
    <>
      {asked.problem && <Problem text={asked.problem} retry={refresh} />}
      <Found look={asked.data.auditVerification} />
      {looking !== null && (
        <p role="status">
          <progress max={Math.max(1, looking.of)} value={looking.done} aria-label="Facts looked at" /> {looking.done.toLocaleString("en")} of {looking.of.toLocaleString("en")} facts looked at.
        </p>
      )}
      {looking === null && (
        <button type="button" className="small" disabled={verifying.fetching} onClick={begin}>
          Verify now
        </button>
      )}
      {verifying.error && <Problem text={problemOf(verifying.error)} />}
    </>
  );
}

function Found({ look }: { look: Look }) {
  if (look === null) return <p>The program has not looked through the whole ledger since it was started; it does so by itself, or at once if you ask for it.</p>;
  if (look.ok) {
    return (
      <p>
        <strong>✓ Every hash follows from the one before,</strong> up to <Position text={look.upTo} />. The program looked itself, <When at={look.at} title="Real time" />.
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

/** May be broken between the parts of the ledger and nowhere else. */
function Position({ text }: { text: string }) {
  return (
    <code className="whole">
      {text.split(",").map((part, place) => (
        <Fragment key={part}>
          {place > 0 && (
            <>
              ,<wbr />
            </>
          )}
          <PartUpTo text={part} />
        </Fragment>
      ))}
    </code>
  );
}

function PartUpTo({ text }: { text: string }) {
  const hint = partitionHint(text.split(":")[0] ?? "");
  return hint === null ? text : <abbr title={hint}>{text}</abbr>;
}

const MOST_HEADS = 3;

function Heads({ partition }: { partition: string }) {
  const asked = useAsked(CheckpointsQuery, { partition, first: MOST_HEADS });
  const heads = asked.data?.checkpoints;
  return (
    <div className="heads">
      <h3>{partitionText(partition)}</h3>
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
function ExportForm({ wanted }: { wanted: Wanted }) {
  const isNarrow = Object.values(wanted).some((one) => one !== null);
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
