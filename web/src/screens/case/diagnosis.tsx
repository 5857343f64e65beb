// Why, according to whom, with what speaks for it and what against.
import type { Case, Signal } from "../../api/fragments.ts";
import { percent } from "../../logic/format.ts";
import { actorName, humanise } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";
import { EvidenceList } from "./evidence-table.tsx";

export function DiagnosisPanel({ known, signals }: { known: Case; signals: readonly Signal[] }) {
  const diagnosis = known.diagnosis;
  return (
    <section className="panel" aria-labelledby="diagnosis">
      <h2 id="diagnosis">Diagnosis</h2>
      {diagnosis === null ? (
        <p>None yet. The rules are asked at each alert; look at the curves meanwhile.</p>
      ) : (
        <>
          <p className="cause">
            <strong>{humanise(diagnosis.cause)}</strong>, {percent(diagnosis.confidence)} sure
            <span className="confidence" aria-hidden="true">
              <i style={{ inlineSize: percent(diagnosis.confidence).replace(" ", "") }} />
            </span>
          </p>
          <p>{diagnosis.explanation}</p>
          <p className="by">
            By {byText(diagnosis.by)}, <When at={diagnosis.at} title="Plant time" />
            {diagnosis.suggests.length > 0 && <>; suggests {diagnosis.suggests.map(humanise).join(", then ")}</>}
          </p>
          <div className="sides">
            <div>
              <h3>For</h3>
              {diagnosis.evidenceFor.length > 0 ? <EvidenceList evidence={diagnosis.evidenceFor} signals={signals} /> : <p>Nothing was named.</p>}
            </div>
            <div>
              <h3>Against</h3>
              {diagnosis.evidenceAgainst.length > 0 ? <EvidenceList evidence={diagnosis.evidenceAgainst} signals={signals} /> : <p>Nothing that was looked at.</p>}
            </div>
          </div>
        </>
      )}
    </section>
  );
}

/** `rules@<digest>`: the digest is for the audit, its beginning tells two rule files apart. */
function byText(by: string): string {
  const [who = by, digest] = by.split("@");
  return digest ? `${who} (${digest.slice(0, 8)})` : actorName(by);
}
