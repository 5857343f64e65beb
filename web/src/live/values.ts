// The live values of all sites, outside React: a push redraws only the rows whose value is new.
import { useSyncExternalStore } from "react";
import type { Latest } from "../api/fragments.ts";
import { type Known, merged, plantNow, type Values } from "../logic/latest.ts";

interface SiteValues {
  values: Values;
  plantTime: number | null;
}

const sites = new Map<string, SiteValues>();
const listeners = new Set<() => void>();

export function takeIn(site: string, readings: readonly Latest[]): void {
  const known = sites.get(site)?.values ?? new Map();
  const values = merged(known, readings, Date.now());
  if (values === known) return;
  sites.set(site, { values, plantTime: plantNow(values) });
  for (const tell of listeners) tell();
}

export function forget(): void {
  sites.clear();
  for (const tell of listeners) tell();
}

/** What was known at another time stands in the place of what is known now. */
export function replaceWith(site: string, readings: readonly Latest[]): void {
  sites.delete(site);
  takeIn(site, readings);
  if (readings.length === 0) for (const tell of listeners) tell();
}

export function subscribeValues(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useKnown(site: string, signal: string): Known | undefined {
  return useSyncExternalStore(subscribeValues, () => knownOf(site, signal));
}

/** For whoever draws by itself and not with React. */
export function knownOf(site: string, signal: string): Known | undefined {
  return sites.get(site)?.values.get(signal);
}

/** The plant's clock in ms, as far as it is known now. */
export function plantTimeOf(site: string | undefined): number | null {
  return site === undefined ? null : (sites.get(site)?.plantTime ?? null);
}

/** The same, renewed with each push. */
export function usePlantTime(site: string | undefined): number | null {
  return useSyncExternalStore(subscribeValues, () => plantTimeOf(site));
}
