// The curve itself: what is normal below, the range of each period behind its mean, trips and moments above. Dragged, wheeled and keyed.
import { type KeyboardEvent, useEffect, useRef } from "react";
import uPlot from "uplot";
import type { Marker } from "../../logic/markers.ts";
import type { Scale } from "../../logic/spark.ts";
import type { View } from "../../logic/zoom.ts";
import { axisOf, colourOf, drawBand, drawLines, drawMarkers, yRange } from "../../parts/plot-draw.ts";
import { useScheme } from "../../parts/scheme.ts";
import type { Looking } from "./use-view.ts";

export interface Row {
  at: number;
  value: number | null;
  min: number | null;
  max: number | null;
}

interface Props {
  rows: readonly Row[];
  band: Scale | null;
  trips: readonly number[];
  markers: readonly Marker[];
  looking: Looking;
  label: string;
  onPoint: (index: number | null) => void;
}

const height = (): number => (innerWidth < 720 ? 260 : 380);

export function SignalPlot({ rows, band, trips, markers, looking, label, onPoint }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scene = useRef({ band, trips, markers, looking, onPoint });
  const scheme = useScheme();

  useEffect(() => {
    if (!box.current) return;
    const host = box.current;
    const made = new uPlot(optionsFor(host, scene), [[], [], [], []], host);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: height() }));
    resized.observe(host);
    const ends = gestures(made.over, scene);
    return () => {
      ends();
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Colours are read when it is made, so another scheme makes another.
  }, [scheme]);

  useEffect(() => {
    scene.current = { band, trips, markers, looking, onPoint };
    plot.current?.setData([rows.map((row) => row.at / 1000), rows.map((row) => row.min), rows.map((row) => row.max), rows.map((row) => row.value)]);
  }, [rows, band, trips, markers, looking, onPoint, scheme]);

  return (
    <div className="bigplot" tabIndex={0} role="group" aria-label="Curve; the arrow keys move it, plus and minus zoom, End goes to now" onKeyDown={(event) => keyed(event, looking)}>
      <div ref={box} role="img" aria-label={label} />
    </div>
  );
}

type Scene = { current: Pick<Props, "band" | "trips" | "markers" | "looking" | "onPoint"> };

function optionsFor(host: HTMLElement, scene: Scene): uPlot.Options {
  const colour = colourOf(host);
  const axis = axisOf(colour);
  const view = (): View => scene.current.looking.view;
  return {
    width: host.clientWidth,
    height: height(),
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: {
      x: { range: () => [view().from / 1000, view().to / 1000] },
      y: { range: (_, low, high) => yRange(low, high, withTrips(low, high, scene.current)) },
    },
    axes: [{ ...axis, values: TIMES, space: 70, size: 42 }, { ...axis, space: 32, size: 54 }],
    series: [
      {},
      { scale: "y", stroke: "transparent", points: { show: false }, spanGaps: false },
      { scale: "y", stroke: "transparent", points: { show: false }, spanGaps: false },
      { scale: "y", stroke: colour("--ink"), width: 1.6, points: { show: false }, spanGaps: false },
    ],
    bands: [{ series: [2, 1], fill: colour("--range") }],
    hooks: {
      drawClear: [(drawn) => drawBand(drawn, scene.current.band, colour("--band"))],
      setCursor: [(drawn) => scene.current.onPoint(drawn.cursor.idx ?? null)],
      draw: [
        (drawn) => drawLines(drawn, scene.current.trips, colour("--mark-alert")),
        (drawn) => drawMarkers(drawn, scene.current.markers, colour),
      ],
    },
  };
}

/** As the rest of the page writes times; what is new since the tick before stands below. */
const TIMES: uPlot.Axis.Values = [
  [86_400 * 360, "{YYYY}", null, null, null, null, null, null, 1],
  [86_400 * 28, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{DD}", "\n{YYYY}-{MM}", null, "\n{YYYY}-{MM}", null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1],
];

/** A trip is in the picture once a value has come half the way to it; before, it would press the curve flat. */
function withTrips(low: number | null, high: number | null, { band, trips }: Pick<Props, "band" | "trips">): Scale | null {
  if (band === null || low === null || high === null) return band;
  const middle = (band.low + band.high) / 2;
  const near = trips.filter((trip) => (trip > middle ? high > (middle + trip) / 2 : low < (middle + trip) / 2));
  return { low: Math.min(band.low, ...near), high: Math.max(band.high, ...near) };
}

/** Along the curve by dragging, nearer and further by the wheel or two fingers; up and down stays the page's own. */
function gestures(over: HTMLElement, scene: Scene): () => void {
  const fingers = new Map<number, number>();
  const spread = () => {
    const [a = 0, b = 0] = [...fingers.values()];
    return Math.max(20, Math.abs(a - b));
  };
  const down = (event: PointerEvent) => {
    fingers.set(event.pointerId, event.clientX);
    over.setPointerCapture(event.pointerId);
  };
  const drag = (event: PointerEvent) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const wasSpread = spread();
    fingers.set(event.pointerId, event.clientX);
    if (fingers.size === 2) scene.current.looking.zoom(wasSpread / spread());
    else scene.current.looking.move((before - event.clientX) / over.clientWidth);
  };
  const up = (event: PointerEvent) => fingers.delete(event.pointerId);
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const { view, zoom } = scene.current.looking;
    const box = over.getBoundingClientRect();
    const around = view.from + ((event.clientX - box.left) / box.width) * (view.to - view.from);
    zoom(event.deltaY > 0 ? 1.25 : 0.8, around);
  };
  over.addEventListener("pointerdown", down);
  over.addEventListener("pointermove", drag);
  over.addEventListener("pointerup", up);
  over.addEventListener("pointercancel", up);
  over.addEventListener("wheel", wheel, { passive: false });
  return () => {
    over.removeEventListener("pointerdown", down);
    over.removeEventListener("pointermove", drag);
    over.removeEventListener("pointerup", up);
    over.removeEventListener("pointercancel", up);
    over.removeEventListener("wheel", wheel);
  };
}

const KEYS: Record<string, (looking: Looking) => void> = {
  ArrowLeft: ({ move }) => move(-0.2),
  ArrowRight: ({ move }) => move(0.2),
  "+": ({ zoom }) => zoom(0.6),
  "=": ({ zoom }) => zoom(0.6),
  "-": ({ zoom }) => zoom(1 / 0.6),
  End: ({ follow }) => follow(),
};

function keyed(event: KeyboardEvent, looking: Looking): void {
  const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act(looking);
}
