// The proof of one fact: a path of hashes up to a signed root, checked here where the browser can, and as a file to check anywhere.
import { useEffect, useState } from "react";
import { type Proof, ProofQuery } from "../../api/proof.ts";
import { useAsked } from "../../api/use-asked.ts";
import { browserDigest, leads } from "../../logic/merkle.ts";
import { Loading, Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";

export function ProofPanel({ eventId }: { eventId: string }) {
  const asked = useAsked(ProofQuery, { eventId });
  if (asked.problem) return <Problem text={asked.problem} retry={asked.refresh} />;
  if (asked.data === null) return <Loading what="the proof" />;
  const { proof } = asked.data;
  if (proof === null) {
    return (
      <p className="proof">
        No checkpoint is over this fact yet. They are signed now and then; ask again later.{" "}
        <button type="button" className="small" onClick={asked.refresh}>
          Ask again
        </button>
      </p>
    );
  }
  return <Shown proof={proof} />;
}

function Shown({ proof }: { proof: Proof }) {
  return (
    <section className="proof" aria-label="Proof">
      <Checked proof={proof} />
      <dl className="stored">
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

function Checked({ proof }: { proof: Proof }) {
  const [holds, setHolds] = useState<boolean | null>(null);
  useEffect(() => {
    if (browserDigest) void leads(proof, browserDigest).then(setHolds);
  }, [proof]);
  const signed = proof.checkpoint.root === proof.root && proof.checkpoint.treeSize === proof.treeSize;
  return (
    <p role="status">
      {browserDigest === null && "This browser cannot do the arithmetic on an address without TLS; take the file and check it."}
      {holds === true && signed && (
        <>
          <strong>✓ The path leads to the signed root.</strong> This browser has computed it. The checkpoint is of <When at={proof.checkpoint.recordedAt} title="Recorded" />; whether its key is the plant's is for you to compare.
        </>
      )}
      {(holds === false || (holds === true && !signed)) && (
        <strong className="warn">✕ The path does not lead to the signed root: the fact is not what was signed. Keep the file, and have the ledger verified.</strong>
      )}
    </p>
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
