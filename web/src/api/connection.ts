// Whether the live connection stands, for everyone who shows live things.
import { useSyncExternalStore } from "react";

export type Link = "connecting" | "live" | "lost";

export interface Connection {
  link: Link;
  /** Grows with each connection made; what was read under an older one may have missed something. */
  epoch: number;
  /** Browser time at which the link was lost. */
  lostAt: number | null;
  /** The server refused to push something that is shown: the page shows what it read once, and says so. */
  refusal: string | null;
}

let current: Connection = { link: "connecting", epoch: 0, lostAt: null, refusal: null };
const listeners = new Set<() => void>();
/** One for each listener that was refused, the latest last. */
const refusals = new Set<{ text: string }>();

function become(next: Connection): void {
  current = next;
  for (const tell of listeners) tell();
}

export function connected(): void {
  refusals.clear();
  become({ link: "live", epoch: current.epoch + 1, lostAt: null, refusal: null });
}

/** The warning stands until whoever was refused listens no more, and takes it back. */
export function refused(text: string): () => void {
  const one = { text };
  const say = () => become({ ...current, refusal: [...refusals].at(-1)?.text ?? null });
  refusals.add(one);
  say();
  return () => {
    if (refusals.delete(one)) say();
  };
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
