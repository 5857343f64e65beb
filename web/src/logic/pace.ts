// How long to wait before asking again, so that a busy minute does not ask with every change.

export function pauseBefore(lastAskedAt: number, now: number, leastMs: number): number {
  // A clock that was set back makes no pause longer than the least.
  return Math.min(leastMs, Math.max(0, lastAskedAt + leastMs - now));
}
