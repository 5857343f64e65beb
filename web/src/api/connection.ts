// Whether the live connection stands, for everyone who shows live things.
import { useSyncExternalStore } from "react";

export type Link = "connecting" | "live" | "lost";

export interface Connection {
  link: Link;
  /** Grows with each connection made; what was read under an older one may have missed something. */
  epoch: number;
  /** Browser time at which the link was lost. */
  lostAt: number | null;
  /** The server refused to push something: the page shows what it read once, and says so. */
  refusal: string | null;
}

let current: Connection = { link: "connecting", epoch: 0, lostAt: null, refusal: null };
const listeners = new Set<() => void>();

function become(next: Connection): void {
  current = next;
  for (const tell of listeners) tell();
}

export function connected(): void {
  become({ link: "live", epoch: current.epoch + 1, lostAt: null, refusal: null });
}

export function refused(refusal: string): void {
  become({ ...current, refusal });
}

export function disconnected(): void {
  if (current.link !== "lost") become({ ...current, link: "lost", lostAt: Date.now() });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => current);
}
