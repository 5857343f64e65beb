// The live values of a site: what is known last of each signal, and when it last said anything new.
import type { Latest } from "../api/fragments.ts";
import { type Dot, withValue } from "./spark.ts";

export interface Known {
  reading: Latest;
  /** Browser time at which the newest reading reached the page. */
  heardAt: number;
  dots: readonly Dot[];
}

export type Values = ReadonlyMap<string, Known>;

/** Takes pushed readings in. Older ones than known change nothing; equal ones do not count as news. */
export function merged(values: Values, readings: readonly Latest[], now: number): Values {
  let next: Map<string, Known> | null = null;
  for (const reading of readings) {
    const known = values.get(reading.signal);
    if (known && Date.parse(reading.at) <= Date.parse(known.reading.at)) continue;
    next ??= new Map(values);
    const good = reading.quality === "GOOD" && reading.value !== null ? reading.value : null;
    next.set(reading.signal, {
      reading,
      heardAt: now,
      dots: withValue(known?.dots ?? [], Date.parse(reading.at), good),
    });
  }
  return next ?? values;
}

/** The plant's own clock, as far as its readings tell it. */
export function plantNow(values: Values): number | null {
  let newest: number | null = null;
  for (const { reading } of values.values()) newest = Math.max(newest ?? 0, Date.parse(reading.at));
  return newest;
}
