// What the crew writes to each other: who still has to answer stands first, then the latest.
import type { Letter } from "../api/crew.ts";
import { rank } from "./board.ts";
import { crewName, humanise } from "./words.ts";

const PER_PRIORITY_MS = 10 * 60_000;

export interface Conversation {
  /** Those that somebody has to acknowledge, the most pressing first. */
  open: Letter[];
  /** All others, the latest first. */
  rest: Letter[];
}

function isOpen({ state }: Pick<Letter, "state">): boolean {
  return state === "WAITING" || state === "ESCALATED";
}

/** A dead one calls nobody, but who reads it can still say so. */
export function canBeAcknowledged({ state }: Pick<Letter, "state">): boolean {
  return state === "WAITING" || state === "ESCALATED" || state === "DEAD";
}

/** A letter may have been read in several lists; what was read of it last counts. */
export function conversationOf(lists: readonly (readonly Letter[])[], now: number): Conversation {
  const letters = [...new Map(lists.flat().map((letter) => [letter.id, letter])).values()];
  const open = letters.filter(isOpen).sort((a, b) => Number(b.state === "ESCALATED") - Number(a.state === "ESCALATED") || pressing(b, now) - pressing(a, now));
  return { open, rest: letters.filter((letter) => !isOpen(letter)).sort((a, b) => b.sentAt.localeCompare(a.sentAt)) };
}

/** Ten minutes of waiting count like the next priority. */
function pressing({ priority, sentAt }: Letter, now: number): number {
  return rank(priority) + (now - Date.parse(sentAt)) / PER_PRIORITY_MS;
}

export function kindText(kind: Letter["kind"]): string {
  return humanise(kind);
}

/** `every coder` and `everyone` are words already; an agent is called by its work. */
export function toText(to: string): string {
  return /^(svc|agent)-/.test(to) ? crewName(to) : to;
}

export function fromText(from: string): string {
  return /^(svc|agent)-/.test(from) ? crewName(from) : from;
}

export function stateText(letter: Pick<Letter, "state" | "acknowledgedBy" | "escalatedTo" | "repeats">): string {
  const again = letter.repeats === 0 ? "" : `, delivered again ${letter.repeats === 1 ? "once" : `${letter.repeats} times`}`;
  switch (letter.state) {
    case "TOLD":
      return "for reading";
    case "WAITING":
      return `waits to be acknowledged${again}`;
    case "ACKNOWLEDGED":
      return letter.acknowledgedBy === null ? "acknowledged" : `acknowledged by ${fromText(letter.acknowledgedBy)}`;
    case "DEAD":
      return `nobody acknowledged it${again}`;
    case "ESCALATED":
      return `nobody acknowledged it in time${again}; ${letter.escalatedTo ?? "a person"} was told`;
  }
}
