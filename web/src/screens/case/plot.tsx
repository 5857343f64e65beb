// The drawing itself, by uPlot: the normal band below, the markers above, colours from the page's own.
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import type { Marker } from "../../logic/markers.ts";
import type { Span } from "../../logic/span.ts";
import type { Dot, Scale } from "../../logic/spark.ts";
import { useScheme } from "../../parts/scheme.ts";

interface Props {
  dots: readonly Dot[];
  band: Scale | null;
  markers: readonly Marker[];
  span: Span;
  label: string;
  /** Told the dot under the pointer, here or on another curve of the case, or null. */
  onPoint: (index: number | null) => void;
}

const HEIGHT = 132;

export function Plot({ dots, band, markers, span, label, onPoint }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scene = useRef({ band, markers, span, onPoint });
  const scheme = useScheme();

  useEffect(() => {
    if (!box.current) return;
    const host = box.current;
    const made = new uPlot(optionsFor(host, scene), [[], []], host);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: HEIGHT }));
    resized.observe(host);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Colours are read when it is made, so another scheme makes another.
  }, [scheme]);

  useEffect(() => {
    scene.current = { band, markers, span, onPoint };
    plot.current?.setData([dots.map((dot) => dot.at / 1000), dots.map((dot) => dot.value)]);
  }, [dots, band, markers, span, onPoint, scheme]);

  return <div ref={box} className="plot" role="img" aria-label={label} />;
}

type Scene = { current: Pick<Props, "band" | "markers" | "span" | "onPoint"> };

function optionsFor(host: HTMLElement, scene: Scene): uPlot.Options {
  const colour = (name: string) => getComputedStyle(host).getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { stroke: colour("--grid"), width: 1, size: 4 },
  };
  return {
    width: host.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: "case" }, y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: {
      x: { range: () => [scene.current.span.from / 1000, scene.current.span.to / 1000] },
      y: { range: (_, low, high) => yRange(low, high, scene.current.band) },
    },
    axes: [
      { ...axis, values: "{HH}:{mm}", space: 56, size: 26 },
      { ...axis, space: 28, size: 50 },
    ],
    series: [{}, { stroke: colour("--ink"), width: 1.5, points: { show: false }, spanGaps: false }],
    hooks: {
      drawClear: [(drawn) => drawBand(drawn, scene.current.band, colour("--band"))],
      setCursor: [(drawn) => scene.current.onPoint(drawn.cursor.idx ?? null)],
      draw: [(drawn) => drawMarkers(drawn, scene.current.markers, colour)],
    },
  };
}

function yRange(low: number | null, high: number | null, band: Scale | null): [number, number] {
  const bottom = Math.min(low ?? Number.POSITIVE_INFINITY, band?.low ?? Number.POSITIVE_INFINITY);
  const top = Math.max(high ?? Number.NEGATIVE_INFINITY, band?.high ?? Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(bottom) || !Number.isFinite(top)) return [0, 1];
  const margin = (top - bottom || Math.abs(top) || 1) * 0.08;
  return [bottom - margin, top + margin];
}

function drawBand(plot: uPlot, band: Scale | null, fill: string): void {
  if (!band) return;
  const top = plot.valToPos(band.high, "y", true);
  const bottom = plot.valToPos(band.low, "y", true);
  plot.ctx.fillStyle = fill;
  plot.ctx.fillRect(plot.bbox.left, top, plot.bbox.width, bottom - top);
}

function drawMarkers(plot: uPlot, markers: readonly Marker[], colour: (name: string) => string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const marker of markers) {
    const x = plot.valToPos(marker.at / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const stroke = colour(`--mark-${marker.kind}`);
    ctx.strokeStyle = stroke;
    ctx.fillStyle = stroke;
    // Told apart by their dashes as well as by their colours.
    ctx.setLineDash({ alert: [], action: [6, 3], outcome: [2, 3] }[marker.kind].map((part) => part * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillRect(x - 3 * devicePixelRatio, bbox.top, 6 * devicePixelRatio, 6 * devicePixelRatio);
  }
  ctx.restore();
}
