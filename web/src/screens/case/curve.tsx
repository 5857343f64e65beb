// One signal's curve: asked for its stretch of time, drawn on by live values.
import { useMemo, useState } from "react";
import type { Signal } from "../../api/fragments.ts";
import { CurveQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useKnown } from "../../live/values.ts";
import { clockTime, figure } from "../../logic/format.ts";
import type { Marker } from "../../logic/markers.ts";
import { type Span } from "../../logic/span.ts";
import { bandOf, type Dot } from "../../logic/spark.ts";
import { signalName, unitSymbol } from "../../logic/words.ts";
import { Plot } from "./plot.tsx";

interface Props {
  site: string;
  signal: Signal;
  signals: readonly Signal[];
  span: Span;
  markers: readonly Marker[];
}

const MOST_POINTS = 2_000;
/** Live values are kept for half an hour, so history asked anew each twenty minutes leaves no gap below them. */
const ASKED_STEP_MS = 20 * 60_000;

export function Curve({ site, signal, signals, span, markers }: Props) {
  const known = useKnown(site, signal.id);
  const asked = useAsked(CurveQuery, {
    site,
    signal: signal.id,
    resolution: span.resolution,
    from: new Date(Math.floor(span.from / ASKED_STEP_MS) * ASKED_STEP_MS).toISOString(),
    to: new Date(Math.ceil(span.to / ASKED_STEP_MS) * ASKED_STEP_MS).toISOString(),
    first: MOST_POINTS,
  });
  const points = asked.data?.readings.points;
  const history = useMemo(() => points?.map((point): Dot => ({ at: Date.parse(point.at), value: point.value })) ?? null, [points]);
  const dots = useMemo(() => withTail(history ?? [], known?.dots ?? [], span), [history, known?.dots, span]);
  const band = bandOf(signal.baseline);
  const unit = unitSymbol(signal.unit);
  const name = signalName(signal, signals);
  const last = dots.findLast((dot) => dot.value !== null)?.value;
  const [pointed, setPointed] = useState<number | null>(null);
  const under = pointed === null ? undefined : dots[pointed];
  return (
    <figure className="curve">
      <figcaption>
        <strong>{name}</strong> <span className="unit">{unit}</span>
        <span className="num">
          {under && <span className="when">{clockTime(under.at, under.at)} </span>}
          {figure(under ? under.value : last)}
        </span>
      </figcaption>
      <Plot
        dots={dots}
        band={band}
        markers={markers}
        span={span}
        onPoint={setPointed}
        label={`${name}: ${figure(last)} ${unit} last${signal.baseline ? `, normally ${figure(signal.baseline.mean)} ${unit}` : ""}`}
      />
      {asked.problem && <p className="warn">{asked.problem}</p>}
    </figure>
  );
}

/** Rollups end where their last period closed; live values go on from there. */
function withTail(history: readonly Dot[], live: readonly Dot[], span: Span): Dot[] {
  const lastKnown = history.at(-1)?.at ?? span.from;
  return [...history, ...live.filter((dot) => dot.at > lastKnown && dot.at <= span.to)];
}
