// How fast the plant's time runs: a demonstration may run it many times faster than the wall's, and must be seen to.

export interface Anchor {
  wall: number;
  plant: number;
}

/** Shorter spans are noise of scan periods and pushes. */
const SHORTEST_MS = 4_000;
/** Real plants' clocks drift, but never so. */
const FASTEST_REAL = 1.5;

/** The rounded factor, or null while time runs as it does for everyone. */
export function lapseFactor(first: Anchor | null, now: Anchor | null): number | null {
  if (!first || !now) return null;
  const wall = now.wall - first.wall;
  if (wall < SHORTEST_MS) return null;
  const factor = (now.plant - first.plant) / wall;
  if (factor < FASTEST_REAL) return null;
  return factor < 10 ? Math.round(factor * 2) / 2 : roundToTwoDigits(factor);
}

function roundToTwoDigits(factor: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(factor)) - 1);
  // Fives, as nobody sets a time-lapse to 59.
  return Math.round(factor / (5 * unit)) * 5 * unit || Math.round(factor);
}
