// How much of a plant's normal is still to be learned.

interface Learner {
  signals: readonly { baseline: unknown }[];
}

/** Signals whose normal is not known yet: nothing can be said to depart from it. */
export function unlearned(assets: readonly Learner[]): number {
  return assets.reduce((sum, asset) => sum + asset.signals.filter((signal) => signal.baseline === null).length, 0);
}
