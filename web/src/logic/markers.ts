// The moments of a case that belong on its curves: when it was seen, what was done, how it ended.

export type MarkerKind = "alert" | "action" | "outcome";

export interface Marker {
  at: number;
  kind: MarkerKind;
}

const KINDS: Record<string, MarkerKind> = {
  AlertRaised: "alert",
  ActionCompleted: "action",
  ActionUnverified: "action",
  ActionFailed: "action",
  OutcomeRecorded: "outcome",
};

export function kindOf(fact: string): MarkerKind | null {
  return KINDS[fact] ?? null;
}

/** Of the alerts only the first: later ones join the case and would paint it over. */
export function markersOf(timeline: readonly { kind: string; occurredAt: string }[]): Marker[] {
  const markers: Marker[] = [];
  for (const fact of timeline) {
    const kind = KINDS[fact.kind];
    if (kind === undefined) continue;
    if (kind === "alert" && markers.some((marker) => marker.kind === "alert")) continue;
    markers.push({ at: Date.parse(fact.occurredAt), kind });
  }
  return markers;
}
