// Which fact of a case led to which, from the ledger's ids.

interface Place {
  partition: string;
  seq: number;
}

export interface Caused extends Place {
  id: string;
  causation: string | null;
}

export function factKey({ partition, seq }: Place): string {
  return `${partition}:${seq}`;
}

/** For each fact of the timeline the one that led to it, where that one is on the timeline, too. */
export function causesOf<F extends Caused>(timeline: readonly F[]): Map<string, F> {
  const byId = new Map(timeline.map((fact) => [fact.id, fact]));
  const causes = new Map<string, F>();
  for (const fact of timeline) {
    const cause = fact.causation === null ? undefined : byId.get(fact.causation);
    if (cause) causes.set(factKey(fact), cause);
  }
  return causes;
}

/** The other way round: for each fact those that it led to, in the timeline's order. */
export function effectsOf<F extends Place>(timeline: readonly F[], causes: ReadonlyMap<string, F>): Map<string, F[]> {
  const effects = new Map<string, F[]>();
  for (const fact of timeline) {
    const cause = causes.get(factKey(fact));
    if (cause) effects.set(factKey(cause), [...(effects.get(factKey(cause)) ?? []), fact]);
  }
  return effects;
}
