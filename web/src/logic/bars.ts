// Evidence as bars: what each signal has to do with it, and on which side of normal it stands.
import type { Evidence } from "../api/fragments.ts";

export interface Bar {
  /** Of the longest one, 0 to 1. */
  share: number;
  side: "low" | "high";
}

type Figure = Pick<Evidence, "feature" | "magnitude">;

/** Which figures are drawn: contributions where there are any, else departures; those of other measures cannot be compared with them. */
export function barFeature(evidence: readonly Figure[]): "CONTRIBUTION" | "DRIFT" | null {
  const has = (feature: Figure["feature"]) => evidence.some((item) => item.feature === feature);
  if (has("CONTRIBUTION")) return "CONTRIBUTION";
  return has("DRIFT") ? "DRIFT" : null;
}

/** One for each figure, in their order; null where it is of another measure. */
export function barsOf(evidence: readonly Figure[]): (Bar | null)[] {
  const feature = barFeature(evidence);
  const sizes = evidence.filter((item) => item.feature === feature).map((item) => Math.abs(item.magnitude));
  const longest = Math.max(0, ...sizes.filter(Number.isFinite));
  return evidence.map((item) => {
    if (item.feature !== feature || longest === 0 || !Number.isFinite(item.magnitude)) return null;
    return { share: Math.abs(item.magnitude) / longest, side: item.magnitude < 0 ? "low" : "high" };
  });
}
