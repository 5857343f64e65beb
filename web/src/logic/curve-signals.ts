// Which signals a case's curves show: those of the evidence, strongest first, then those that an action writes.
import type { Case, Signal } from "../api/fragments.ts";
import { strongestFirst } from "./evidence.ts";

const MOST = 6;

export function curveSignals(known: Pick<Case, "evidence" | "diagnosis" | "actions">, signals: readonly Signal[]): Signal[] {
  const spoken = [...strongestFirst(known.evidence), ...(known.diagnosis?.evidenceFor ?? []), ...(known.diagnosis?.evidenceAgainst ?? [])];
  const written = known.actions.flatMap((action) => (action.write ? [action.write.signal] : []));
  const ids = [...new Set([...spoken.map((evidence) => evidence.signal), ...written])];
  return ids.flatMap((id) => signals.find((signal) => signal.id === id) ?? []).slice(0, MOST);
}
