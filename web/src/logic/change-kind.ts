// Kinds of change as people say them, and where that sends the one who looks: to a sensor, a line, the way of running, or the machine.
import type { Case, Change } from "../api/fragments.ts";

export type ChangeGroup = "sensor" | "line" | "regime" | "machine" | "unclear";

export interface ToldChange {
  group: ChangeGroup;
  title: string;
  /** Empty where there is no advice. */
  advice: string;
}

const SENSOR = "Look at the sensor first; the machine may be well.";

const KINDS: Record<Change["kind"], ToldChange> = {
  SENSOR_STUCK: { group: "sensor", title: "A sensor is stuck", advice: SENSOR },
  SENSOR_OFFSET: { group: "sensor", title: "A sensor is off", advice: SENSOR },
  SENSOR_NOISE: { group: "sensor", title: "A sensor is noisy", advice: SENSOR },
  COMMUNICATION: { group: "line", title: "Readings are missing", advice: "Look at device, cable and network first." },
  REGIME: { group: "regime", title: "The machine is run otherwise", advice: "Ask whether that is meant; the machine may be well." },
  DEGRADATION: { group: "machine", title: "The machine itself has changed", advice: "Look at the machine." },
  UNCLEAR: { group: "unclear", title: "The kind of change is unclear", advice: "" },
};

const OUR_DOING = "An action of this case made it so; what was judged before stands in the timeline.";

export function changeText(kind: Change["kind"], ours = false): ToldChange {
  if (kind === "REGIME" && ours) return { ...KINDS.REGIME, advice: OUR_DOING };
  // A kind of a newer server is shown by its own word rather than hidden.
  return KINDS[kind] ?? { group: "unclear", title: kind, advice: "" };
}

/** Whether an action of the case had written to the machine before it was judged to be run otherwise. Both are told in plant time. */
export function isOurDoing({ change, actions, timeline }: Pick<Case, "change" | "actions" | "timeline">): boolean {
  if (change === null) return false;
  const written = new Set(actions.filter((action) => action.write !== null).map((action) => action.id));
  const isWrite = (fact: Case["timeline"][number]) => fact.kind === "ActionCompleted" && fact.action !== null && written.has(fact.action);
  return timeline.some((fact) => isWrite(fact) && Date.parse(fact.occurredAt) <= Date.parse(change.at));
}
