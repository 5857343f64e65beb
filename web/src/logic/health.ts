// The program's parts in the order in which one looks for trouble: what is not well first, then the field, what leaves the house, the rest.

interface Part {
  name: string;
  ok: boolean;
}

export interface PartGroup<P> {
  title: string;
  parts: P[];
}

const GROUPS: readonly { title: string; begins: readonly string[] }[] = [
  { title: "Collectors", begins: ["collector", "device", "field"] },
  { title: "What leaves the house", begins: ["outbox", "messages", "tickets", "publisher", "mqtt"] },
];

export function partGroups<P extends Part>(parts: readonly P[]): PartGroup<P>[] {
  const inFirst = (part: P) => GROUPS.find(({ begins }) => begins.some((word) => part.name.startsWith(word)))?.title;
  const worstFirst = (members: P[]) => members.toSorted((a, b) => Number(a.ok) - Number(b.ok));
  const named = GROUPS.map(({ title }) => ({ title, parts: worstFirst(parts.filter((part) => inFirst(part) === title)) }));
  return [...named, { title: "Parts", parts: worstFirst(parts.filter((part) => inFirst(part) === undefined)) }].filter((group) => group.parts.length > 0);
}

/** In one sentence, for whoever only wants to know whether to read on. */
export function healthLine(parts: readonly Part[], behind: number, parked: number): string {
  const bad = parts.filter((part) => !part.ok).length;
  const said = [bad > 0 && `${bad} of ${parts.length} parts not well`, behind > 1_000 && `the views are ${behind} records behind`, parked > 0 && `${parked} ${parked === 1 ? "stream" : "streams"} set aside`].filter(Boolean);
  return said.length === 0 ? "All is well." : `${said.join("; ")}.`.replace(/^./, (letter) => letter.toUpperCase());
}
