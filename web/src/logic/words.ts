// Machine words as people say them: `bearing_temperature` is "Bearing temperature", `degC` is "°C".

const SYMBOLS: Record<string, string> = { degC: "°C", degF: "°F", "m3/h": "m³/h", "1": "" };

export function humanise(word: string): string {
  const spaced = word.replace(/_/g, " ").trim().toLowerCase().replace(/(\d)pct\b/g, "$1 %");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** Slugs are spoken, names that people chose stay as they are. */
export function placeName(name: string): string {
  return /^[a-z0-9_-]+$/.test(name) ? humanise(name.replace(/-/g, "_")) : name;
}

/** `ActionProposed` as "Action proposed". */
export function factName(kind: string): string {
  return humanise(kind.replace(/([a-z])([A-Z])/g, "$1_$2"));
}

export function unitSymbol(unit: string | null | undefined): string {
  return unit == null ? "" : (SYMBOLS[unit] ?? unit);
}

export interface Named {
  id: string;
  kind: string;
}

/** The kind names a signal; where a machine has two of a kind, the end of the id tells them apart. */
export function signalName(signal: Named, siblings: readonly Named[]): string {
  const alone = siblings.filter((other) => other.kind === signal.kind).length <= 1;
  const end = signal.id.split("/").at(-1) ?? signal.id;
  return alone ? humanise(signal.kind) : humanise(end);
}

/** `svc-policy` and the like are programs; everybody else is a person. */
export function isService(actor: string): boolean {
  return actor.startsWith("svc-");
}

export function actorName(actor: string): string {
  return isService(actor) ? `${humanise(actor.slice(4).replace(/-/g, " "))} (automatic)` : actor;
}

/** One of the crew by its work alone: `svc-manual-hunter` and `agent-manual-hunter` are "Manual hunter". */
export function crewName(agent: string): string {
  return humanise(agent.replace(/^(svc|agent)-/, "").replace(/-/g, " "));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
