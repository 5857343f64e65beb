// What an action is waiting for once it has been carried out: which signals have to come back, since when, and what to do if they do not.
import type { Case, Evidence } from "../api/fragments.ts";

type Acted = Pick<Case, "evidence" | "diagnosis" | "timeline">;

/** As the program looks: those that drifted, of what speaks for the diagnosis or else of the alert. */
export function watchedSignals({ evidence, diagnosis }: Pick<Acted, "evidence" | "diagnosis">): string[] {
  const named: readonly Evidence[] = diagnosis?.evidenceFor ?? evidence;
  const drifted = named.filter((one) => one.feature === "DRIFT" && Math.abs(one.magnitude) >= 1);
  return [...new Set((drifted.length > 0 ? drifted : named).map((one) => one.signal))];
}

const ACTED: readonly string[] = ["ActionCompleted", "ActionVerified"];

/** Plant time at which the last action took effect. */
export function actedAt({ timeline }: Pick<Acted, "timeline">): number | null {
  const fact = timeline.findLast((one) => ACTED.includes(one.kind));
  return fact === undefined ? null : Date.parse(fact.occurredAt);
}

/** As long as this without quiet, and a person had better not wait for it any more. */
export const PATIENCE_MS = 10 * 60_000;

export function outOfPatience(acted: number | null, plantTime: number | null): boolean {
  return acted !== null && plantTime !== null && plantTime - acted >= PATIENCE_MS;
}
