// Clocks: a second's tick for whoever counts down, and how far the browser's clock is off the server's.
import { useSyncExternalStore } from "react";
import { momentNow } from "./moment.ts";

let offset = 0;
let measured = false;

/** HTTP dates have whole seconds, so smaller differences than this mean nothing. */
const GRAIN_MS = 1_500;

export function noteServerTime(date: string | null, askedAt: number, answeredAt: number): void {
  const server = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(server)) return;
  const seen = server + 500 - (askedAt + answeredAt) / 2;
  if (measured && Math.abs(seen - offset) < GRAIN_MS) return;
  measured = true;
  offset = Math.abs(seen) < GRAIN_MS ? 0 : seen;
}

/** In the past that is looked at, it is what it was then. */
export function serverNow(): number {
  const at = momentNow();
  return at === null ? Date.now() + offset : Date.parse(at);
}

let second = Math.floor(Date.now() / 1000);
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

export function subscribeClock(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 250);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  const now = Math.floor(Date.now() / 1000);
  if (now === second) return;
  second = now;
  for (const tell of listeners) tell();
}

/** Browser time, renewed each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribeClock, () => second) * 1000;
}
