// A case's signals by id: their names and units, also of those no longer described.
import type { Signal } from "../api/fragments.ts";
import { signalName, unitSymbol } from "./words.ts";

export function signalLabel(id: string, kind: string, signals: readonly Signal[]): string {
  const known = signals.find((signal) => signal.id === id);
  return signalName(known ?? { id, kind }, signals);
}

export function unitOf(id: string, signals: readonly Signal[]): string {
  return unitSymbol(signals.find((signal) => signal.id === id)?.unit);
}

/** A sentence of the program's, with its signals called as the page calls them. */
export function withNames(text: string, signals: readonly Signal[]): string {
  // The longer first: an id may be the beginning of another.
  const known = signals.toSorted((a, b) => b.id.length - a.id.length);
  const named = known.reduce((said, signal) => said.replaceAll(signal.id, signalName(signal, signals).toLowerCase()), text);
  // An id that nobody describes any more stays as it is.
  return named.replace(/^[a-z]+(?=[ ,])/, (word) => word.charAt(0).toUpperCase() + word.slice(1));
}
