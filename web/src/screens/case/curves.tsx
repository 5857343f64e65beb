// The curves of a case's signals over one stretch of time, with what is normal and what happened when.
import { useMemo, useState } from "react";
import type { Case, Signal } from "../../api/fragments.ts";
import { usePlantTime } from "../../live/values.ts";
import { curveSignals } from "../../logic/curve-signals.ts";
import { markersOf } from "../../logic/markers.ts";
import { strongestFirst } from "../../logic/evidence.ts";
import { caseSpan, spanOf } from "../../logic/span.ts";
import { GrafanaLink } from "../../parts/grafana-link.tsx";
import { Curve } from "./curve.tsx";

type Window = "case" | "recent";
const RECENT_MS = 30 * 60_000;
/** The view moves on in whole minutes, not with every value. */
const VIEW_STEP_MS = 60_000;

function upTo(time: number, step: number): number {
  return Math.ceil(time / step) * step;
}

export function Curves({ known, signals }: { known: Case; signals: readonly Signal[] }) {
  const [shown, setShown] = useState<Window>("case");
  const plantTime = usePlantTime(known.site);
  const end = upTo(plantTime ?? Date.parse(known.changedAt), VIEW_STEP_MS);
  const span = useMemo(
    () => (shown === "case" ? caseSpan(known.openedAt, known.closedAt, end) : spanOf(end - RECENT_MS, end)),
    [shown, known.openedAt, known.closedAt, end],
  );
  const markers = useMemo(() => markersOf(known.timeline), [known.timeline]);
  const drawn = useMemo(() => curveSignals(known, signals), [known, signals]);
  const strongest = strongestFirst(known.evidence)[0]?.signal;
  return (
    <section className="panel curves" aria-labelledby="curves">
      <header>
        <h2 id="curves">Curves</h2>
        <div className="segments" role="group" aria-label="Stretch of time">
          <button type="button" aria-pressed={shown === "case"} onClick={() => setShown("case")}>
            Whole case
          </button>
          <button type="button" aria-pressed={shown === "recent"} onClick={() => setShown("recent")}>
            Last 30 min
          </button>
        </div>
      </header>
      {drawn.length === 0 ? (
        <p>The evidence names no signal that is described today.</p>
      ) : (
        <>
          <p className="legend">
            <span className="normal">normal, ±3 σ</span>
            {[...new Set(markers.map((marker) => marker.kind))].map((kind) => (
              <span key={kind} className={`tick ${kind}`}>
                {kind}
              </span>
            ))}
          </p>
          {drawn.map((signal) => (
            <Curve key={signal.id} site={known.site} signal={signal} signals={signals} span={span} markers={markers} />
          ))}
        </>
      )}
      <p className="otherwise">
        <GrafanaLink text="This stretch in Grafana" site={known.site} asset={known.assetId} signal={strongest} span={span} />
      </p>
    </section>
  );
}
