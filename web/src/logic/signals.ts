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
