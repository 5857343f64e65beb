// Limits that outcomes or a person have moved, and what undoing that means.
import type { Threshold } from "../api/fragments.ts";
import { isService } from "./words.ts";

/** Null where the limits are the configured ones, whoever set them so. */
export function movedLimits(threshold: Pick<Threshold, "factor"> | null): string | null {
  return threshold === null || threshold.factor === 1 ? null : times(threshold.factor);
}

/** `× 1.15` */
export function times(factor: number): string {
  return `× ${Number(factor.toFixed(2))}`;
}

/** One step back from what outcomes did; what a person set is set back to the configured limits, or undoing twice would redo it. */
export function undoneFactor({ was, by }: Pick<Threshold, "was" | "by">): number {
  return isService(by) ? was : 1;
}
