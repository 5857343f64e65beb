// What a person can say of how a case ended, and what follows from each: all of them close it.
import type { OutcomeKind } from "../api/fragments.ts";

export interface Choice {
  kind: OutcomeKind;
  text: string;
  /** What is so after it. */
  then: string;
}

export const OUTCOMES: readonly Choice[] = [
  { kind: "REPAIRED", text: "Repaired — the cause is gone", then: "The last write counts as having helped. It is not taken back: the machine goes on as it was set." },
  { kind: "MITIGATED", text: "Mitigated — quieter, the cause is still there", then: "The last write counts as having helped, and stays. The cause is then in nobody's case: to keep an eye on it, leave the case open." },
  { kind: "FALSE_ALARM", text: "False alarm — nothing was wrong", then: "It counts against the diagnosis, and for wider limits of the signal that spoke loudest." },
  { kind: "NO_EFFECT", text: "No effect — it did not help", then: "What was done counts as tried and not helped. The cause is then in nobody's case." },
];

/** Said before anything is chosen, for it holds for every choice. */
export const WHAT_CLOSING_DOES =
  "Each of these closes the case, and what still waits in it is void. Its alarms are not closed with it: they stand on their own, under Alarms, until the machine is normal and somebody has seen them. Unless it was a false alarm, a value past its trip is told again, in a new case.";

export function outcomeOf(kind: OutcomeKind): Choice | undefined {
  return OUTCOMES.find((choice) => choice.kind === kind);
}
