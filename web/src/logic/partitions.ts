// Parts of the log that are no plant's, in a few words.

const WORDS: readonly (readonly [string, string])[] = [
  ["_truth", "what the simulation really did"],
  ["_platform", "the program itself"],
];

/** Null for a plant's own part, which its name explains. */
export function partitionHint(partition: string): string | null {
  return WORDS.find(([of]) => partition.split("/").some((part) => part === of || part.startsWith(`${of}.`)))?.[1] ?? null;
}

export function partitionText(partition: string): string {
  const hint = partitionHint(partition);
  return hint === null ? partition : `${partition} (${hint})`;
}
