// Whether a machine is run at another set point than it is rated for.

/** Nearer than this a machine runs as it is rated. */
const AS_RATED = 0.01;

export function runsElsewhere(signals: readonly { rated: number | null; value: number | null }[]): boolean {
  return signals.some(({ rated, value }) => rated !== null && value !== null && Math.abs(value - rated) > AS_RATED * Math.abs(rated));
}
