// What waits for a person, in one line: why it is wanted, on which machine, and what exactly would be done.
import type { Action } from "../api/fragments.ts";
import { exact } from "./format.ts";
import { humanise, type Named, signalName, unitSymbol } from "./words.ts";

interface Machine {
  site: string;
  id: string;
  name: string;
  signals: readonly Named[];
  openCases: readonly { id: string; diagnosis: { cause: string } | null }[];
}

export interface Waiting {
  /** `Bearing wear on Pump P-101`; null where neither is known yet. */
  why: string | null;
  /** `Speed setpoint to 870 rpm` */
  what: string;
}

/** Only a write is told in our words: what a message says, and to whom, the server tells best. */
export function waitingText({ site, caseId, write, what }: Pick<Action, "site" | "caseId" | "write" | "what">, machines: readonly Machine[]): Waiting {
  const here = machines.filter((machine) => machine.site === site);
  const machine = here.find((one) => one.openCases.some((open) => open.id === caseId));
  const cause = machine?.openCases.find((open) => open.id === caseId)?.diagnosis?.cause;
  const why = machine === undefined ? null : cause === undefined ? machine.name : `${humanise(cause)} on ${machine.name}`;
  const written = here.find((one) => one.signals.some((signal) => signal.id === write?.signal));
  const signal = written?.signals.find((one) => one.id === write?.signal);
  if (!write || !written || !signal) return { why, what };
  const of = written === machine ? "" : ` of ${written.name}`;
  return { why, what: `${signalName(signal, written.signals)}${of} to ${exact(write.value)} ${unitSymbol(write.unit)}`.trimEnd() };
}
