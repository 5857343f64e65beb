// Past cases that looked like one: what it was, what was done, whether it helped, and what the percentage rests on.
import type { SimilarCase, SimilarCases } from "../api/insight.ts";
import { humanise, plural } from "./words.ts";

type Past = SimilarCase["case"];

/** What a person found counts more than what was named. */
export function causeOf({ outcome, diagnosis }: Pick<Past, "outcome" | "diagnosis">): string {
  const cause = outcome?.trueCause ?? diagnosis?.cause;
  return cause === undefined ? "Cause never named" : humanise(cause);
}

export function doneText(actions: Past["actions"]): string {
  const done = actions.filter((action) => action.stage === "COMPLETED");
  const names = [...new Set(done.toSorted((a, b) => (a.endedAt ?? "").localeCompare(b.endedAt ?? "")).map((action) => humanise(action.name)))];
  return names.length === 0 ? "nothing was done from here" : names.map((name, place) => (place === 0 ? name : name.toLowerCase())).join(", then ");
}

const ENDS: Record<NonNullable<Past["outcome"]>["outcome"], string> = {
  REPAIRED: "Repaired",
  MITIGATED: "Eased",
  SELF_RECOVERED: "Went away by itself",
  FALSE_ALARM: "False alarm",
  NO_EFFECT: "Did not help",
};

export function endText({ outcome, status }: Pick<Past, "outcome" | "status">): string {
  if (outcome === null) return status === "OPEN" ? "Still open" : "Closed without a word";
  return `${ENDS[outcome.outcome]}${status === "OPEN" ? ", still open" : ""}`;
}

/** Below this a likeness says nothing; from there on to a half it says little. */
const HARDLY = 0.1;
const RATHER = 0.5;

export function isUnlikely({ likelyTheSame }: Pick<SimilarCase, "likelyTheSame">): boolean {
  return likelyTheSame < RATHER;
}

export function splitByLikeness<C extends Pick<SimilarCase, "likelyTheSame">>(cases: readonly C[]): { alike: C[]; hardly: C[] } {
  return { alike: cases.filter((one) => one.likelyTheSame >= HARDLY), hardly: cases.filter((one) => one.likelyTheSame < HARDLY) };
}

/** Why nothing is listed; null where something is. */
export function nothingText({ remembered, comparedWith, cases }: SimilarCases, open: boolean): string | null {
  if (!remembered) {
    return open
      ? "Not compared yet: a case is compared once it has run for ten minutes of plant time."
      : "Too little was measured of this case to compare it with others.";
  }
  if (splitByLikeness(cases).alike.length > 0) return null;
  return comparedWith === 0 ? "Nothing similar yet: no case before this one is remembered." : `By its curves, it looks like none of ${plural(comparedWith, "remembered case")}, of whatever cause.`;
}

export function restsOn({ calibratedOn }: Pick<SimilarCases, "calibratedOn">): string {
  if (calibratedOn === 0) return "The percentage rests on what was measured on simulated plants; too few outcomes are known here.";
  return `The percentage rests on ${plural(calibratedOn, "outcome")} known here.`;
}
