// Alarms in the order in which they ask for a person (ISA-18.2), what may be done with each, and detectors in plain words.
import type { Alarm, AlarmState } from "../api/alarms.ts";
import { RANK } from "./standing.ts";
import { humanise } from "./words.ts";

export interface ToldState {
  state: AlarmState;
  title: string;
  says: string;
}

/** Most pressing first. */
export const STATES: readonly ToldState[] = [
  { state: "UNACKNOWLEDGED", title: "Unacknowledged", says: "Stands, and nobody has said that they saw it." },
  { state: "RETURNED_UNACKNOWLEDGED", title: "Returned, unacknowledged", says: "Over before anybody saw it; kept here until somebody does." },
  { state: "ACKNOWLEDGED", title: "Acknowledged", says: "Stands, and somebody has seen it." },
  { state: "SHELVED", title: "Shelved", says: "Recorded, but tells nobody until its time is over." },
  { state: "SUPPRESSED_BY_DESIGN", title: "Suppressed by design", says: "Recorded, but tells nobody while somebody works on the machine." },
  { state: "OUT_OF_SERVICE", title: "Out of service", says: "Recorded, but tells nobody until it is returned to service." },
  { state: "NORMAL", title: "Normal", says: "Over, and seen." },
];

/** Of one state, the worst first, then the latest raised. */
export function ofState(alarms: readonly Alarm[], state: AlarmState): Alarm[] {
  const rank = (alarm: Alarm) => (alarm.severity === null ? 0 : RANK[alarm.severity]);
  return alarms
    .filter((alarm) => alarm.state === state)
    .sort((a, b) => rank(b) - rank(a) || (b.raisedAt ?? "").localeCompare(a.raisedAt ?? "") || alarmKey(a).localeCompare(alarmKey(b)));
}

export function alarmKey({ asset, detector }: Pick<Alarm, "asset" | "detector">): string {
  return `${asset}/${detector}`;
}

/** Whether it is colour that tells of it: only what stands and is heard. */
export function isTold(state: AlarmState): boolean {
  return state === "UNACKNOWLEDGED" || state === "ACKNOWLEDGED";
}

export type Deed = "acknowledge" | "shelve" | "unshelve" | "remove" | "return";

const DEEDS: Record<AlarmState, readonly Deed[]> = {
  UNACKNOWLEDGED: ["acknowledge", "shelve", "remove"],
  RETURNED_UNACKNOWLEDGED: ["acknowledge", "shelve", "remove"],
  ACKNOWLEDGED: ["shelve", "remove"],
  SHELVED: ["unshelve", "remove"],
  SUPPRESSED_BY_DESIGN: ["shelve", "remove"],
  OUT_OF_SERVICE: ["return"],
  NORMAL: ["shelve", "remove"],
};

export function deedsOn(state: AlarmState): readonly Deed[] {
  return DEEDS[state] ?? [];
}

const DETECTORS: Record<string, { name: string; saw: string }> = {
  drift: { name: "Drift", saw: "the mean of five minutes has left what is normal" },
  mewma: { name: "Unusual together", saw: "its signals are together where they never were" },
  noise: { name: "Noise", saw: "a signal is noisier than it was" },
  stuck: { name: "Stuck", saw: "a value has stopped moving" },
  silence: { name: "Silence", saw: "most readings are missing" },
  mismatch: { name: "Mismatch", saw: "a value does not follow its setpoint" },
  trip: { name: "Trip", saw: "a value is past where the machine should be stopped" },
};

/** A detector of a newer server is called by its own word. */
export function detectorText(detector: string): { name: string; saw: string } {
  return DETECTORS[detector] ?? { name: humanise(detector), saw: "" };
}

/** Browser ms until the first shelf ends, by the server's wall clock; null where none is to end. */
export function nextShelfEnd(alarms: readonly Pick<Alarm, "state" | "shelvedUntil">[], serverNow: number): number | null {
  const ends = alarms.flatMap((alarm) => (alarm.state === "SHELVED" && alarm.shelvedUntil !== null ? [Date.parse(alarm.shelvedUntil)] : []));
  return ends.length === 0 ? null : Math.max(0, Math.min(...ends) - serverNow);
}
