// One fact of the ledger; opened, everything that is stored of it.
import { useState } from "react";
import type { AuditEntry } from "../../api/queries.ts";
import { href } from "../../logic/route.ts";
import { actorName, factName } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";
import { ProofPanel } from "./proof-panel.tsx";

export function AuditRow({ entry }: { entry: AuditEntry }) {
  const caseId = entry.stream.startsWith("case/") ? entry.stream.slice("case/".length) : null;
  return (
    <li>
      <details>
        <summary>
          <When at={entry.recordedAt} title="Recorded" />
          <strong>{factName(entry.kind)}</strong>
          <span className="sentence">{entry.summary}</span>
          <span className="who">{actorName(entry.actor)}</span>
        </summary>
        <dl className="stored">
          <Item name="Place">
            {entry.partition}:{entry.seq}
          </Item>
          <Item name="Stream">
            {caseId === null ? <a href={href.auditOf(entry.stream)}>{entry.stream}</a> : <a href={href.case(caseId)}>{entry.stream}</a>} version{" "}
            {entry.version}
          </Item>
          <Item name="Happened">{entry.occurredAt} (plant time)</Item>
          <Item name="Recorded">{entry.recordedAt} (real time)</Item>
          <Item name="Caused by">{entry.causation ?? "nothing on the ledger"}</Item>
          <Item name="Command">{entry.command ?? "none"}</Item>
          <Item name="Correlation">{entry.correlation}</Item>
          <Item name="Id">{entry.id}</Item>
          <Item name="Hash">{entry.hash}</Item>
        </dl>
        <Proved entry={entry} />
        <pre>{indented(entry.json)}</pre>
      </details>
    </li>
  );
}

/** Asked for only by whoever wants it: the server has to compute it. */
function Proved({ entry }: { entry: AuditEntry }) {
  const [wanted, setWanted] = useState(false);
  if (wanted) return <ProofPanel entry={entry} />;
  return (
    <button type="button" className="small" onClick={() => setWanted(true)}>
      Prove that it is on the ledger
    </button>
  );
}

function Item({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
