// Short curves kept in the page: live values gathered into periods, and the path that draws them.

export interface Dot {
  /** Plant time in ms, the start of the period. */
  at: number;
  /** Null where nothing good was measured: the line is broken there. */
  value: number | null;
}

export const PERIOD_MS = 10_000;
export const KEPT = 180;

/** The last value of a period stands for it; older ones than the newest period are let go, as live values come in order. */
export function withValue(dots: readonly Dot[], at: number, value: number | null, period = PERIOD_MS, kept = KEPT): Dot[] {
  const start = Math.floor(at / period) * period;
  const last = dots.at(-1);
  if (last && start < last.at) return dots as Dot[];
  if (last && start === last.at) return value === null ? (dots as Dot[]) : [...dots.slice(0, -1), { at: start, value }];
  return [...dots, { at: start, value }].slice(-kept);
}

/** History from the server and what was gathered live, each filling the other's gaps: the live part wins where both know a period. */
export function withHistory(history: readonly Dot[], live: readonly Dot[], kept = KEPT): Dot[] {
  if (history.length === 0) return live.slice(-kept);
  const periods = new Map([...history, ...live].map((dot) => [dot.at, dot]));
  return [...periods.values()].sort((a, b) => a.at - b.at).slice(-kept);
}

export interface Scale {
  low: number;
  high: number;
}

/** The values and the normal band both fit, with a margin; a constant gets some room, too. */
export function scaleOf(dots: readonly Dot[], band: Scale | null): Scale | null {
  const values = dots.flatMap((dot) => (dot.value === null ? [] : [dot.value]));
  if (band) values.push(band.low, band.high);
  if (values.length === 0) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  return { low: low - margin, high: high + margin };
}

/** An SVG path over a box of `width` by `height`, time on the whole width. */
export function pathOf(dots: readonly Dot[], scale: Scale, width: number, height: number): string {
  const first = dots[0];
  const last = dots.at(-1);
  if (!first || !last || last.at === first.at) return "";
  let pen = "M";
  let path = "";
  for (const dot of dots) {
    if (dot.value === null) {
      pen = "M";
      continue;
    }
    const x = ((dot.at - first.at) / (last.at - first.at)) * width;
    path += `${pen}${x.toFixed(1)} ${yOf(dot.value, scale, height).toFixed(1)}`;
    pen = "L";
  }
  return path;
}

export function yOf(value: number, scale: Scale, height: number): number {
  return height - ((value - scale.low) / (scale.high - scale.low)) * height;
}

/** Three standard deviations to each side: what is normal. */
export function bandOf(baseline: { mean: number; std: number } | null | undefined): Scale | null {
  return baseline ? { low: baseline.mean - 3 * baseline.std, high: baseline.mean + 3 * baseline.std } : null;
}
