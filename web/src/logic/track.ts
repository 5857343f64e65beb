// What is known of how diagnoses and actions have fared, in whole sentences; nothing known is said, too.
import type { DiagnosisRecord, TrackRecord } from "../api/insight.ts";
import { percent } from "./format.ts";
import { humanise } from "./words.ts";

/** `Bearing wear has been named before: confirmed 12 times, refuted twice.` */
export function recordText(cause: string, { confirmed, refuted }: Pick<DiagnosisRecord, "confirmed" | "refuted">): string {
  if (confirmed + refuted === 0) return `No person has confirmed or refuted ${humanise(cause).toLowerCase()} here yet.`;
  return `${humanise(cause)} has been named before: confirmed ${times(confirmed)}, refuted ${times(refuted)}.`;
}

export function calibrationText({ calibrated, calibratedOn }: Pick<DiagnosisRecord, "calibrated" | "calibratedOn">): string {
  if (calibrated === null) return "How often such a confidence comes true is not known yet: that takes fifty outcomes.";
  return `When it was this sure, it was right in ${percent(calibrated)} of ${calibratedOn} cases.`;
}

/** Null where it was never tried. Counted by what was named, not by how the curves looked. */
export function trackText({ tried, helped, rate }: TrackRecord): string | null {
  if (tried === 0) return null;
  const text = `Closed cases with this cause on machines of this class: tried in ${tried}, helped in ${helped}`;
  return rate === null ? `${text}; too few to say much.` : `${text}.`;
}

function times(count: number): string {
  return count === 0 ? "never" : count === 1 ? "once" : `${count} times`;
}
