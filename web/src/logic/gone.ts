// What came of a proposal that waits no longer, in one sentence.
import type { Action } from "../api/fragments.ts";
import { type Around, stepsOf } from "./steps.ts";

const BY_A_YES: readonly Action["stage"][] = ["APPROVED", "STARTED", "COMPLETED", "FAILED", "UNVERIFIED"];

/** `approved by you; executed: read back 870 rpm.` */
export function goneText(action: Action, around: Around, mine: boolean): string {
  const approved = mine && BY_A_YES.includes(action.stage);
  const said = stepsOf(action, around).map(({ name, text }) => (name === "Approved" ? `approved ${approved ? "by you" : text}` : `${name.toLowerCase()}: ${text}`));
  return `${said.join("; ")}.`;
}
