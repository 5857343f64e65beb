// The address as state: the place one is at, and what its screen is filtered by.
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { paramsOf, withParams } from "../logic/route.ts";

const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}
window.addEventListener("hashchange", tell);
window.addEventListener("popstate", tell);

export function subscribeAddress(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useHash(): string {
  return useSyncExternalStore(subscribeAddress, () => location.hash);
}

/** A filter that changes is not a step that one goes back over. */
export function useParams(): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const hash = useHash();
  const params = useMemo(() => paramsOf(hash), [hash]);
  const change = useCallback((changes: Record<string, string | null>) => replaceHash(withParams(location.hash, changes)), []);
  return [params, change];
}

function replaceHash(hash: string): void {
  history.replaceState(history.state, "", `${location.search}${hash}`);
  tell();
}

/** What stands before the hash holds for every place, such as the time that is looked at. */
export function setSearch(name: string, value: string | null): void {
  const search = new URLSearchParams(location.search);
  if (value === null) search.delete(name);
  else search.set(name, value);
  const text = search.size === 0 ? "" : `?${search}`;
  history.replaceState(history.state, "", `${location.pathname}${text}${location.hash}`);
  tell();
}
