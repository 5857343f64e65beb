// The time that the whole page is of: now, or a past one that stands in the address as `?at=`, by the clock of recording.
import { useSyncExternalStore } from "react";
import { setSearch, subscribeAddress } from "./address.ts";

let read: { search: string; at: string | null } = { search: "", at: null };

/** Null is now. */
export function momentNow(): string | null {
  if (read.search !== location.search) read = { search: location.search, at: pastOf(location.search) };
  return read.at;
}

export function pastOf(search: string): string | null {
  const said = new URLSearchParams(search).get("at");
  const at = said === null ? Number.NaN : Date.parse(said);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

export function useMoment(): string | null {
  return useSyncExternalStore(subscribeAddress, momentNow);
}

export function goToMoment(at: number | null): void {
  setSearch("at", at === null ? null : new Date(at).toISOString());
}

export interface Replaying {
  done: number;
  of: number;
  etaS: number | null;
}

/** How the reading of the past goes, for the bar that leads through it. */
export interface Progress {
  asking: number;
  replaying: Replaying | null;
}

let progress: Progress = { asking: 0, replaying: null };
const listeners = new Set<() => void>();

function become(next: Progress): void {
  progress = next;
  for (const tell of listeners) tell();
}

export function askingPast(step: 1 | -1): void {
  const asking = Math.max(0, progress.asking + step);
  become({ asking, replaying: asking === 0 ? null : progress.replaying });
}

export function stillReplaying(replaying: Replaying): void {
  become({ ...progress, replaying });
}

export function useProgress(): Progress {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => progress,
  );
}
