// What is drawn over and under a curve, the same on every one: the normal band, moments, lines that a value should not cross.
import type uPlot from "uplot";
import type { Marker } from "../logic/markers.ts";
import type { Scale } from "../logic/spark.ts";

export type Colour = (name: string) => string;

export function colourOf(host: HTMLElement): Colour {
  return (name) => getComputedStyle(host).getPropertyValue(name).trim();
}

export function axisOf(colour: Colour): uPlot.Axis {
  return {
    stroke: colour("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { stroke: colour("--grid"), width: 1, size: 4 },
  };
}

export function yRange(low: number | null, high: number | null, band: Scale | null): [number, number] {
  const bottom = Math.min(low ?? Number.POSITIVE_INFINITY, band?.low ?? Number.POSITIVE_INFINITY);
  const top = Math.max(high ?? Number.NEGATIVE_INFINITY, band?.high ?? Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(bottom) || !Number.isFinite(top)) return [0, 1];
  const margin = (top - bottom || Math.abs(top) || 1) * 0.08;
  return [bottom - margin, top + margin];
}

export function drawBand(plot: uPlot, band: Scale | null, fill: string): void {
  if (!band) return;
  const top = plot.valToPos(band.high, "y", true);
  const bottom = plot.valToPos(band.low, "y", true);
  plot.ctx.fillStyle = fill;
  plot.ctx.fillRect(plot.bbox.left, top, plot.bbox.width, bottom - top);
}

export function drawMarkers(plot: uPlot, markers: readonly Marker[], colour: Colour): void {
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

export function drawLines(plot: uPlot, values: readonly number[], stroke: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([8 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const value of values) {
    const y = plot.valToPos(value, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
