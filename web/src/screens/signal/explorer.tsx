// The curve with all that leads through it: lengths, steps, the state of what is asked for, the moments, and the table.
import { useMemo, useState } from "react";
import type { Signal } from "../../api/fragments.ts";
import type { Asset } from "../../api/queries.ts";
import { HappenedQuery } from "../../api/signal.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { useSettled } from "../../api/use-settled.ts";
import { usePlant } from "../../live/plant.tsx";
import { useKnown, usePlantTime } from "../../live/values.ts";
import { clockTime, figure } from "../../logic/format.ts";
import { happenedIn } from "../../logic/happened.ts";
import { bandOf } from "../../logic/spark.ts";
import { signalName, unitSymbol } from "../../logic/words.ts";
import { askedFor, FINENESS_TEXT } from "../../logic/zoom.ts";
import { GrafanaLink } from "../../parts/grafana-link.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Happened } from "./happened.tsx";
import { PointTable } from "./point-table.tsx";
import { type Row, SignalPlot } from "./signal-plot.tsx";
import { Steps } from "./steps.tsx";
import { useCurve } from "./use-curve.ts";
import { useView } from "./use-view.ts";

/** Of one stretch; each comes with its whole timeline. */
const CASES = 24;
/** While one drags, nothing is asked for. */
const SETTLED_MS = 160;
const LEAST_MS = 2_000;
/** The view moves on in whole steps and not with every value. */
const STEP_MS = 10_000;

interface Props {
  asset: Asset;
  signal: Signal;
  trip: { low: number | null; high: number | null } | null;
}

export function Explorer({ asset, signal, trip }: Props) {
  const plantTime = usePlantTime(asset.site);
  const [opened] = useState(() => Date.now());
  const latest = Math.ceil((plantTime ?? opened) / STEP_MS) * STEP_MS;
  const looking = useView(latest);
  const { view } = looking;
  const curve = useCurve(asset.site, signal.id, view);
  const rows = useRows(asset.site, signal.id, curve.points, view.to);
  const { plantChanges } = usePlant();
  const around = askedFor(view);
  // Both at once: the one of one stretch and the other of the next are of no stretch.
  const [from = "", to = ""] = useSettled([around.from, around.to].map((at) => new Date(at).toISOString()).join(" "), SETTLED_MS).split(" ");
  const past = useAsked(HappenedQuery, { site: asset.site, asset: asset.id, from, to, first: CASES });
  usePaced(plantChanges.any, past.refresh, LEAST_MS);
  const known = useLast(past.data);
  const cases = known?.cases.nodes;
  const happened = useMemo(() => happenedIn(cases ?? [], signal.id, view.from, view.to), [cases, signal.id, view]);
  const older = known?.cases.pageInfo.hasNextPage === true;
  const trips = useMemo(() => [trip?.low, trip?.high].flatMap((value) => value ?? []), [trip]);
  const [pointed, setPointed] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const band = useMemo(() => bandOf(signal.baseline), [signal.baseline]);
  const under = pointed === null ? undefined : rows[pointed];
  const unit = unitSymbol(signal.unit);
  const name = signalName(signal, asset.signals);
  const shown = rows.filter((row) => row.at >= view.from && row.at <= view.to);
  const says = `${clockTime(view.from)} to ${clockTime(view.to)}`;
  return (
    <section className="panel explorer" aria-label={`Curve of ${name}`}>
      <Steps looking={looking} />
      <p className="readout">
        <span role="status">
          {says}
          {curve.fineness !== null && <span className="feature"> {FINENESS_TEXT[curve.fineness]}</span>}
          {curve.loading && <span className="feature busy"> reading…</span>}
        </span>
        <span className="num" aria-hidden="true">
          {under && (
            <>
              <span className="when">{clockTime(under.at)} </span>
              {figure(under.value)} {unit}
              {under.min !== null && under.max !== null && <span className="feature"> {figure(under.min)} to {figure(under.max)}</span>}
            </>
          )}
        </span>
      </p>
      <div className={curve.loading ? "drawn stale" : "drawn"} aria-busy={curve.loading}>
        <SignalPlot
          rows={rows}
          band={band}
          trips={trips}
          markers={happened}
          looking={looking}
          onPoint={setPointed}
          label={`${name} from ${says}: ${summary(shown, unit)}`}
        />
        {shown.length === 0 && !curve.loading && <p className="nothing">Nothing was recorded in this stretch. Go back in time, or to now.</p>}
      </div>
      {curve.problem && <Problem text={curve.problem} retry={curve.retry} />}
      {curve.more && <p className="warn">There are more values than one picture takes in: go nearer to see the rest.</p>}
      <p className="legend">
        {band && <span className="normal">normal, ±3 σ</span>}
        {curve.fineness !== "RAW" && <span className="range">lowest to highest of each period</span>}
        {trips.length > 0 && <span className="tick trip">trip</span>}
        {[...new Set(happened.map((one) => one.kind))].map((kind) => (
          <span key={kind} className={`tick ${kind}`}>
            {kind}
          </span>
        ))}
      </p>
      <Happened happened={happened} problem={past.problem} marked={older ? CASES : null} />
      <p className="otherwise">
        <button type="button" className="small" aria-expanded={table} onClick={() => setTable(!table)}>
          {table ? "Hide the table" : "Show as a table"}
        </button>
        <GrafanaLink text="This stretch in Grafana" site={asset.site} asset={asset.id} signal={signal.id} span={view} />
      </p>
      {table && <PointTable rows={shown} unit={unit} name={name} />}
    </section>
  );
}

/** While another stretch is asked for, what is known of the one before stays marked. */
function useLast<T>(data: T | null): T | null {
  const [last, setLast] = useState(data);
  if (data !== null && data !== last) setLast(data);
  return data ?? last;
}

/** Rollups end where their last period closed; live values go on from there. */
function useRows(site: string, signal: string, points: ReturnType<typeof useCurve>["points"], to: number): readonly Row[] {
  const known = useKnown(site, signal);
  const history = useMemo(() => points.map((point): Row => ({ at: Date.parse(point.at), value: point.value, min: point.min, max: point.max })), [points]);
  return useMemo(() => {
    const last = history.at(-1)?.at ?? 0;
    const tail = (known?.dots ?? []).filter((dot) => dot.at > last && dot.at <= to).map((dot): Row => ({ ...dot, min: null, max: null }));
    return [...history, ...tail];
  }, [history, known?.dots, to]);
}

function summary(rows: readonly Row[], unit: string): string {
  const values = rows.flatMap((row) => row.value ?? []);
  if (values.length === 0) return "nothing was recorded";
  const lowest = values.reduce((least, value) => Math.min(least, value));
  const highest = values.reduce((most, value) => Math.max(most, value));
  return `between ${figure(lowest)} and ${figure(highest)} ${unit}, ${figure(values.at(-1))} ${unit} at the end`;
}
