// What a person types as the name of a cause: a known one in any spelling, or a new one, with what its name may hold.
import { humanise } from "./words.ts";

/** Causes that the rules of the house name; a plant's own come from the cases that are known. */
export const USUAL_CAUSES: readonly string[] = [
  "bearing_wear", "cavitation", "clogging", "communication_fault", "cooling_failure", "drive_fault", "dry_running", "impeller_wear", "lubrication_loss", "misalignment",
  "motor_overload", "noise_burst", "pipe_burst", "sensor_drift", "sensor_stuck", "suction_blockage", "supply_voltage", "valve_stuck",
];

/** As long as a name may be. */
export const LONGEST_CAUSE = 96;

interface Row {
  diagnosis: { cause: string } | null;
  outcome: { trueCause: string | null } | null;
}

/** Those of the house and those that cases name, by their names. */
export function knownCauses(rows: readonly Row[], more: readonly string[] = []): string[] {
  const named = rows.flatMap(({ diagnosis, outcome }) => [diagnosis?.cause ?? [], outcome?.trueCause ?? []].flat());
  return [...new Set([...USUAL_CAUSES, ...named, ...more])].sort();
}

export type Typed = { cause: string | null; isNew: boolean } | { wrong: string };

/** Nothing typed is no cause. People write spaces and capitals where names have `_` and none. */
export function causeOf(typed: string, known: readonly string[]): Typed {
  const said = typed.trim().toLowerCase();
  if (said === "") return { cause: null, isNew: false };
  const meant = known.find((cause) => cause === said || humanise(cause).toLowerCase() === said);
  if (meant !== undefined) return { cause: meant, isNew: false };
  const cause = said.replace(/[\s_-]+/g, "_");
  const wrong = wrongWith(cause);
  return wrong === null ? { cause, isNew: !known.includes(cause) } : { wrong };
}

const ALLOWED = "The name of a cause has letters from a to z, digits and spaces, as in “worn coupling”.";

function wrongWith(cause: string): string | null {
  const strange = [...new Set(cause.match(/[^a-z0-9_]/gu) ?? [])];
  if (strange.length > 0) return `${ALLOWED} There is no place in it for ${strange.map((one) => `“${one}”`).join(" and ")}: leave ${strange.length === 1 ? "it" : "them"} out, and say more in the note.`;
  if (!/^[a-z0-9]/.test(cause)) return `${ALLOWED} It begins with a letter or a digit.`;
  return cause.length > LONGEST_CAUSE ? `The name of a cause has ${LONGEST_CAUSE} characters at most. Make it shorter, and say more in the note.` : null;
}
