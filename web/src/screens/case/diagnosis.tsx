// Why, according to whom, with what speaks for it and what against, and how such diagnoses have fared.
import type { Case, Evidence, Signal } from "../../api/fragments.ts";
import type { DiagnosisRecord } from "../../api/insight.ts";
import { percent } from "../../logic/format.ts";
import { calibrationText, recordText } from "../../logic/track.ts";
import { actorName, humanise } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";
import { EvidenceList } from "./evidence-table.tsx";

interface Props {
  known: Case;
  signals: readonly Signal[];
  /** Null until it was counted. */
  record: DiagnosisRecord | null;
}

export function DiagnosisPanel({ known, signals, record }: Props) {
  const diagnosis = known.diagnosis;
  return (
    <section className="panel diagnosis" aria-labelledby="diagnosis">
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
          {record && (
            <p className="fared">
              {recordText(diagnosis.cause, record)} {calibrationText(record)}
            </p>
          )}
          <p>{diagnosis.explanation}</p>
          <p className="by">
            By {byText(diagnosis.by)}, <When at={diagnosis.at} title="Plant time" named />
            {diagnosis.suggests.length > 0 && <>; suggests {diagnosis.suggests.map(humanise).join(", then ")}</>}
          </p>
          <div className="sides">
            <Side side="for" title="For" evidence={diagnosis.evidenceFor} signals={signals} nothing="Nothing was named." />
            <Side side="against" title="Against" evidence={diagnosis.evidenceAgainst} signals={signals} nothing="Nothing that was looked at." />
          </div>
        </>
      )}
    </section>
  );
}

interface SideProps {
  side: "for" | "against";
  title: string;
  evidence: readonly Evidence[];
  signals: readonly Signal[];
  nothing: string;
}

function Side({ side, title, evidence, signals, nothing }: SideProps) {
  return (
    <div className={`side ${side}`}>
      <h3>{title}</h3>
      {evidence.length > 0 ? <EvidenceList evidence={evidence} signals={signals} /> : <p>{nothing}</p>}
    </div>
  );
}

/** `rules@<digest>`: the digest is for the audit, its beginning tells two rule files apart. */
function byText(by: string): string {
  const [who = by, digest] = by.split("@");
  return digest ? `${who} (${digest.slice(0, 8)})` : actorName(by);
}
