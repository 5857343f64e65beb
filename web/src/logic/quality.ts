// Whether a value may be believed, and how its not being so is said. Only `good` is ever drawn as a plain value.
import type { Quality } from "../api/fragments.ts";

export interface Trust {
  level: "good" | "uncertain" | "bad" | "stale" | "none";
  /** Empty for good. */
  text: string;
}

/** A live signal that has said nothing for so long is no longer live. */
export const STALE_AFTER_MS = 30_000;

const REASONS: Record<Exclude<Quality, "GOOD">, Trust> = {
  UNCERTAIN_OUT_OF_RANGE: { level: "uncertain", text: "out of range" },
  UNCERTAIN_STALE: { level: "stale", text: "stale" },
  BAD_NOT_A_NUMBER: { level: "bad", text: "not a number" },
  BAD_DEVICE_FAULT: { level: "bad", text: "device fault" },
  BAD_NO_COMMUNICATION: { level: "bad", text: "no communication" },
  BAD_CONFIGURATION: { level: "bad", text: "wrong address" },
};

export function trust(quality: Quality | null | undefined, silentMs: number): Trust {
  if (quality == null) return { level: "none", text: "no value yet" };
  if (quality !== "GOOD") return REASONS[quality];
  return silentMs > STALE_AFTER_MS ? { level: "stale", text: "stale" } : { level: "good", text: "" };
}
