// Walking through the log's time: what stands on the slider, the next and the last fact of weight, how play moves on.

export type MomentKind = "alert" | "ask" | "action" | "outcome" | "stop";

const KINDS: Record<string, MomentKind> = {
  AlertRaised: "alert", ActionProposed: "ask", ActionApproved: "action", ActionCompleted: "action", OutcomeRecorded: "outcome", KillSwitchEngaged: "stop",
};

export interface Moment {
  id: string;
  at: number;
  kind: MomentKind;
  summary: string;
}

interface Told {
  id: string;
  kind: string;
  recordedAt: string;
  summary: string;
}

export interface Listed {
  nodes: readonly Told[];
  pageInfo: { hasNextPage: boolean };
}

export interface Marks {
  moments: Moment[];
  /** All that is of weight is marked from here on, and nothing before; null where all of it is. */
  since: number | null;
}

/** Of each kind only the latest are asked for. What one kind would leave out is left out of all, or a step would pass over it unseen. */
export function marksOf(kinds: readonly Listed[]): Marks {
  const cut = kinds.filter((kind) => kind.pageInfo.hasNextPage).flatMap((kind) => kind.nodes.at(-1) ?? []);
  const since = cut.length === 0 ? null : Math.max(...cut.map((fact) => Date.parse(fact.recordedAt)));
  const moments = momentsOf(kinds.flatMap((kind) => kind.nodes));
  return { moments: since === null ? moments : moments.filter((moment) => moment.at >= since), since };
}

export function momentsOf(facts: readonly Told[]): Moment[] {
  return facts.map((fact) => ({ id: fact.id, at: Date.parse(fact.recordedAt), kind: KINDS[fact.kind] ?? "action", summary: fact.summary })).sort((a, b) => a.at - b.at);
}

export function nextMoment(moments: readonly Moment[], at: number): Moment | null {
  return moments.find((moment) => moment.at > at) ?? null;
}

export function lastMoment(moments: readonly Moment[], at: number): Moment | null {
  return moments.findLast((moment) => moment.at < at) ?? null;
}

export interface Stretch {
  first: number;
  last: number;
}

export function within({ first, last }: Stretch, at: number): number {
  return Math.min(last, Math.max(first, at));
}

/** Where it stands on the track, 0 to 1; null where the track does not reach. */
export function placeOf({ first, last }: Stretch, at: number): number | null {
  if (at < first || at > last) return null;
  return last === first ? 1 : (at - first) / (last - first);
}

/** Where play is after another step; null: the present is reached. */
export function playedOn(at: number, stepMs: number, last: number): number | null {
  return at + stepMs >= last ? null : at + stepMs;
}

/** What a date-and-time field holds, in the reader's own zone. */
export function fieldOf(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

export function ofField(text: string): number | null {
  const at = new Date(text).getTime();
  return Number.isNaN(at) ? null : at;
}
