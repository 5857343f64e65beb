// Which clock a time is of, in a word: where plant time is not people's, both stand side by side.

/** From what a time says of itself: `Plant time`, `Its lease, real time`, `Recorded`. */
export function clockWord(title: string | undefined): string | null {
  if (title === undefined) return null;
  const said = title.toLowerCase();
  if (said.includes("plant time")) return "plant time";
  if (said.includes("real time")) return "real time";
  return said.startsWith("recorded") ? "recorded, real time" : null;
}
