// What kind of change the case shows: a sensor that lies, a line that is down, another way of running, or the machine itself.
import type { Case, Signal } from "../../api/fragments.ts";
import { type ChangeGroup, changeText, isOurDoing } from "../../logic/change-kind.ts";
import { withNames } from "../../logic/signals.ts";
import { When } from "../../parts/when.tsx";
import { EvidenceRows } from "./evidence-table.tsx";

const SHAPES: Record<ChangeGroup, string> = {
  sensor: "M10 14V5a2 2 0 1 1 4 0v9a4 4 0 1 1-4 0zM12 9v8",
  line: "M2 12h6M16 12h6M8 8v8M16 8v8M11 15l2-6",
  regime: "M3 7h9M18 7h3M15 4v6M3 17h3M12 17h9M9 14v6",
  machine: "M12 2.5l8.2 4.75v9.5L12 21.5l-8.2-4.75v-9.5zM12 8.5a3.5 3.5 0 1 1-.01 0z",
  unclear: "M9 9.5a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.2v.3M12 3a9 9 0 1 1-.01 0z",
};

export function ChangePanel({ known, signals }: { known: Case; signals: readonly Signal[] }) {
  const { change } = known;
  if (change === null) return null;
  const told = changeText(change.kind, isOurDoing(known));
  return (
    <section className="panel change" aria-labelledby="change">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={SHAPES[told.group]} />
      </svg>
      <div>
        <h2 id="change">
          <span className="label">Kind of change</span> {told.title}
        </h2>
        <p>
          {withNames(change.because, signals)}. {told.advice && <strong>{told.advice}</strong>}
        </p>
        <p className="by">
          Judged at <When at={change.at} title="Plant time" named />
        </p>
        {change.evidence.length > 0 && (
          <details>
            <summary>Its figures</summary>
            <EvidenceRows evidence={change.evidence} signals={signals} />
          </details>
        )}
      </div>
    </section>
  );
}
