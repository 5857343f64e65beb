// How an asset or a case stands, in the four words of the overview, from what the server says of both.
import type { AssetHealth, Severity } from "../api/fragments.ts";

export type Standing = "ok" | "alert" | "case" | "ask" | "acting" | "mitigated" | "locked" | "away" | "closed";

export interface Stood {
  standing: Standing;
  text: string;
}

const STAGES: Record<string, Stood> = {
  open: { standing: "alert", text: "Alert" },
  diagnosed: { standing: "case", text: "Case open" },
  awaiting_approval: { standing: "ask", text: "Waiting for approval" },
  acting: { standing: "acting", text: "Acting" },
  verifying: { standing: "case", text: "Acted, verifying" },
  mitigated: { standing: "mitigated", text: "Mitigated" },
  unverified: { standing: "alert", text: "Action unverified" },
  closed: { standing: "closed", text: "Closed" },
};

/** Cells are as red as this at eight standard deviations from what was learned. */
export const AWAY_SIGMA = 8;

/** Whether a machine stands so far from what was learned that nobody would call it normal. What cannot be told counts for nothing. */
export function isAway(sigmas: readonly (number | null)[]): boolean {
  return sigmas.some((sigma) => sigma !== null && Math.abs(sigma) >= AWAY_SIGMA);
}

/** Most pressing first: what needs a person stands before what runs by itself. */
const PRESSING = ["awaiting_approval", "unverified", "acting", "open", "diagnosed", "verifying", "mitigated"];

export function caseStanding(stage: string): Stood {
  // A stage of a newer server is shown by its own word rather than hidden.
  return STAGES[stage] ?? { standing: "case", text: stage.replace(/_/g, " ") };
}

export function assetStanding(health: Pick<AssetHealth, "state">, openStages: readonly string[], away = false): Stood {
  if (health.state === "LOCKED_OUT") return { standing: "locked", text: "Locked out" };
  const stage = PRESSING.find((candidate) => openStages.includes(candidate)) ?? openStages[0];
  if (stage !== undefined) return caseStanding(stage);
  if (health.state === "FAULT") return { standing: "case", text: "Case open" };
  if (health.state === "MITIGATED") return { standing: "mitigated", text: "Mitigated" };
  // With no case open it may still run otherwise than it was learned, as after a case that was closed as mitigated.
  return away ? { standing: "away", text: "Away from normal" } : { standing: "ok", text: "Normal" };
}

export const RANK: Record<Severity, number> = { LOW: 1, MEDIUM: 2, HIGH: 3, CRITICAL: 4 };

export function worst(severities: readonly (Severity | null | undefined)[]): Severity | null {
  return severities.reduce<Severity | null>((sofar, next) => (next && (!sofar || RANK[next] > RANK[sofar]) ? next : sofar), null);
}
