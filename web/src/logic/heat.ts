// How a signal looks on the heatmap: how far from its normal, on which side, and whether it can be believed.
import type { Known } from "./latest.ts";
import { departure, figure } from "./format.ts";
import { trust } from "./quality.ts";
import { unitSymbol } from "./words.ts";

export type HeatLevel = "none" | "bad" | "stale" | "uncertain" | "unlearned" | "unmoved" | "calm" | "edge" | "low" | "medium" | "high" | "critical";

export interface Heat {
  level: HeatLevel;
  side: "high" | "low" | "none";
  /** In baseline standard deviations; null where nothing is known to compare with. */
  sigma: number | null;
  /** `3.34 mm/s, 12.8 σ above normal` */
  text: string;
}

interface Measured {
  unit: string;
  baseline: { mean: number; std: number } | null;
}

/** From so many standard deviations on; drift is told from 2. */
const STEPS: readonly (readonly [number, HeatLevel])[] = [
  [12, "critical"],
  [8, "high"],
  [5, "medium"],
  [3, "low"],
  [2, "edge"],
];

export function heatOf(signal: Measured, known: Pick<Known, "reading"> | undefined, silentMs: number): Heat {
  const believed = trust(known?.reading.quality, silentMs);
  const value = known?.reading.value ?? null;
  const said = value === null ? "" : `${figure(value)} ${unitSymbol(signal.unit)}`.trim();
  if (believed.level !== "good") return { level: believed.level, side: "none", sigma: null, text: [said, believed.text].filter(Boolean).join(", ") };
  const sigma = value === null ? null : sigmaOf(signal.baseline, value);
  if (sigma === null && signal.baseline !== null) return { level: "unmoved", side: "none", sigma, text: `${said}, ${unmovedText(signal.baseline.mean)}` };
  if (sigma === null) return { level: "unlearned", side: "none", sigma, text: `${said}, what is normal is not learned yet` };
  const level = STEPS.find(([from]) => Math.abs(sigma) >= from)?.[1] ?? "calm";
  const side = level === "calm" ? "none" : sigma > 0 ? "high" : "low";
  const where = level === "calm" ? "normal" : `${departure(Math.abs(sigma)).slice(1)} σ ${side === "high" ? "above" : "below"} normal`;
  return { level, side, sigma, text: `${said}, ${where}` };
}

/** As a set point that nobody touched: it was learned, and has no measure of distance. */
function unmovedText(mean: number): string {
  return `it never moved from ${figure(mean)} while normal was learned, so there is no measure of its distance`;
}

/** Null without a baseline, and for one that never moved: nothing can be counted in deviations of none. */
export function sigmaOf(baseline: { mean: number; std: number } | null, value: number): number | null {
  return baseline === null || baseline.std <= 0 ? null : (value - baseline.mean) / baseline.std;
}
