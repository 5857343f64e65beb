// Whether the plant's time runs faster than people's, as a demonstration's does, from what the system says of its parts.

interface Part {
  name: string;
  detail: string;
}

/** `60×`, or null while time runs as it does for everyone. */
export function lapseOf(parts: readonly Part[]): string | null {
  const said = parts.find((part) => part.name === "time-lapse");
  if (!said) return null;
  const factor = /(\d+(?:\.\d+)?) times/.exec(said.detail)?.[1];
  return factor === undefined ? "faster" : `${factor}×`;
}
