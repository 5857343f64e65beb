// The proof of one fact: its hash, a path up to a signed root and the signature, checked where the browser can; and as a file.
import { useEffect, useState } from "react";
import { CheckpointsQuery, type Proof, ProofQuery } from "../../api/proof.ts";
import type { AuditEntry } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { browserDigest } from "../../logic/merkle.ts";
import { type Verdict, verdictOn, wrongIn } from "../../logic/proof.ts";
import { Loading, Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";

export function ProofPanel({ entry }: { entry: AuditEntry }) {
  const asked = useAsked(ProofQuery, { eventId: entry.id });
  if (asked.problem) return <Problem text={asked.problem} retry={asked.refresh} />;
  if (asked.data === null) return <Loading what="the proof" />;
  const { proof } = asked.data;
  if (proof === null) {
    return (
      <p className="proof">
        <span>
          <strong>Not yet under a signature.</strong> Its hash follows from the one before all the same. The next signed head of <code>{entry.partition}</code> covers this fact, too: one is signed every hour, unless{" "}
          <code>audit.checkpoint_every_s</code> says otherwise. <LastHead partition={entry.partition} />
        </span>
        <button type="button" className="small" onClick={asked.refresh}>
          Ask again
        </button>
      </p>
    );
  }
  return <Shown proof={proof} entry={entry} />;
}

/** From which the next one can be reckoned. */
function LastHead({ partition }: { partition: string }) {
  const heads = useAsked(CheckpointsQuery, { partition, first: 1 }).data?.checkpoints;
  if (heads === undefined) return null;
  const [last] = heads;
  if (last === undefined) return <>None has been signed here yet: the first comes that long after the start.</>;
  return (
    <>
      The last one is of <When at={last.recordedAt} title="Recorded" named />.
    </>
  );
}

function Shown({ proof, entry }: { proof: Proof; entry: AuditEntry }) {
  return (
    <section className="proof" aria-label="Proof">
      <Checked proof={proof} entry={entry} />
      <dl className="stored">
        <Item name="Hash before it" value={proof.previousHash} />
        <Item name="Leaf, the fact's hash" value={proof.leaf} />
        <Item name={`Root over ${proof.treeSize} facts`} value={proof.root} />
        <Item name="Signature" value={proof.checkpoint.signature} />
        <Item name="Signed with" value={proof.checkpoint.publicKey} />
      </dl>
      <details>
        <summary>The path, {proof.path.length === 1 ? "one step" : `${proof.path.length} steps`}</summary>
        <ol className="path">
          {proof.path.map((step) => (
            <li key={step}>
              <code>{step}</code>
            </li>
          ))}
        </ol>
      </details>
      <p>
        <Download text={proof.json} name={`proof-${proof.seq}.json`} /> <span className="feature">Check it anywhere, without this program: </span>
        <code>millwright audit verify --proof proof-{proof.seq}.json</code>
      </p>
    </section>
  );
}

function Item({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code>{value}</code>
      </dd>
    </div>
  );
}

function Checked({ proof, entry }: { proof: Proof; entry: AuditEntry }) {
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const { hash, json } = entry;
  useEffect(() => {
    if (browserDigest) void verdictOn(proof, { hash, json }, browserDigest).then(setVerdict);
  }, [proof, hash, json]);
  if (browserDigest === null) return <p role="status">This browser cannot do the arithmetic on an address without TLS; take the file and check it.</p>;
  if (verdict === null) return <p role="status">Computing…</p>;
  const wrong = wrongIn(verdict);
  return (
    <div role="status">
      {wrong.map((what) => (
        <p key={what}>
          <strong className="warn">✕ {what}</strong>
        </p>
      ))}
      {wrong.length > 0 && <p>Keep the file, and have the ledger verified.</p>}
      {wrong.length === 0 && (
        <p>
          <strong>✓ The record shown leads to the signed root.</strong> This browser has computed its hash and the path. The checkpoint is of <When at={proof.checkpoint.recordedAt} title="Recorded" />.
        </p>
      )}
      {verdict.signature === true && (
        <p>
          <strong>✓ The signature is by the key below.</strong> Whether that is the plant's is for you to compare.
        </p>
      )}
      {verdict.signature === null && <p>This browser cannot verify Ed25519: take the file and check the signature elsewhere.</p>}
    </div>
  );
}

/** Made here: the server has said all that is in it. */
function Download({ text, name }: { text: string; name: string }) {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [text]);
  return (
    <a className="button inline" href={address} download={name}>
      Download the proof
    </a>
  );
}
