// The live values of all sites, outside React: a push redraws only the rows whose value is new.
import { useSyncExternalStore } from "react";
import type { Latest } from "../api/fragments.ts";
import { type Anchor, lapseFactor } from "../logic/lapse.ts";
import { type Known, merged, plantNow, type Values } from "../logic/latest.ts";

interface SiteValues {
  values: Values;
  first: Anchor | null;
  newest: Anchor | null;
}

const EMPTY: SiteValues = { values: new Map(), first: null, newest: null };
const sites = new Map<string, SiteValues>();
const listeners = new Set<() => void>();

export function takeIn(site: string, readings: readonly Latest[], now = Date.now()): void {
  const known = sites.get(site) ?? EMPTY;
  const values = merged(known.values, readings, now);
  if (values === known.values) return;
  sites.set(site, { ...known, values, ...paced(known, values, now) });
  for (const tell of listeners) tell();
}

/** The first values are what was known before, of any age; the pace counts from the first news. */
function paced(known: SiteValues, values: Values, now: number): Pick<SiteValues, "first" | "newest"> {
  const plant = plantNow(values);
  if (plant === null) return known;
  const newest = { wall: now, plant };
  return { first: known.first ?? (known.values.size > 0 ? newest : null), newest };
}

/** After a gap the pace is measured anew. */
export function forgetPace(): void {
  for (const [site, known] of sites) sites.set(site, { ...known, first: known.newest === null ? null : { ...known.newest, wall: Date.now() } });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useKnown(site: string, signal: string): Known | undefined {
  return useSyncExternalStore(subscribe, () => sites.get(site)?.values.get(signal));
}

/** The plant's clock in ms; renewed with each push. */
export function usePlantTime(site: string | undefined): number | null {
  return useSyncExternalStore(subscribe, () => (site === undefined ? null : (sites.get(site)?.newest?.plant ?? null)));
}

/** How many times faster than the wall's clock a site's time runs, or null. */
export function useLapse(site: string | undefined): number | null {
  return useSyncExternalStore(subscribe, () => {
    const known = site === undefined ? undefined : sites.get(site);
    return known ? lapseFactor(known.first, known.newest) : null;
  });
}

export function plantTimeOf(site: string): number | null {
  return sites.get(site)?.newest?.plant ?? null;
}
