// An action's life as separate facts: who allowed it is one thing, what the machine says came of it another.
import type { Action, Fact } from "../api/fragments.ts";
import { readAs } from "./format.ts";
import { actorName, unitSymbol } from "./words.ts";

export interface Step {
  name: string;
  state: "done" | "pending" | "failed" | "unknown";
  text: string;
  at: string | null;
}

/** What else is known of its case: the facts say when, and another action may have taken its place. */
export interface Around {
  timeline: readonly Pick<Fact, "kind" | "action" | "actor" | "recordedAt">[];
  actions: readonly Pick<Action, "insteadOf" | "proposedBy">[];
}

const NOTHING: Around = { timeline: [], actions: [] };

export function stepsOf(action: Action, around: Around = NOTHING): Step[] {
  return [...yesSteps(action, around), decisionStep(action, around), ...executionSteps(action, around)];
}

/** The yes of each person before the last one's, which is the approval. */
function yesSteps(action: Action, { timeline }: Around): Step[] {
  if (action.yesNeeded <= 1 || action.stage === "AWAITING_APPROVAL") return [];
  return action.yes
    .filter((person) => person !== action.decidedBy || action.stage === "REJECTED")
    .map((person, place) => {
      const given = timeline.find((fact) => fact.kind === "ApprovalGiven" && fact.action === action.id && fact.actor === person);
      return { name: `Yes ${place + 1} of ${action.yesNeeded}`, state: "done", text: `by ${actorName(person)}`, at: given?.recordedAt ?? null };
    });
}

function decisionStep(action: Action, { actions }: Around): Step {
  const by = action.decidedBy ? actorName(action.decidedBy) : "";
  const at = action.decidedAt;
  switch (action.stage) {
    case "AWAITING_APPROVAL":
      return { name: "Approval", state: "pending", text: "waits for a person", at: null };
    case "REJECTED":
      return { name: "Rejected", state: "failed", text: by === "" ? "nothing was done" : `by ${by}; nothing was done`, at };
    case "EXPIRED":
      return { name: "Expired", state: "failed", text: "nobody answered in time, so nothing was done", at: action.endedAt };
    case "SUPERSEDED": {
      const newer = actions.find((other) => other.insteadOf === action.id);
      return { name: "Superseded", state: "failed", text: newer ? `${actorName(newer.proposedBy)} wanted something else in its place` : "a newer proposal took its place", at: action.endedAt };
    }
    case "VOIDED":
      if (!action.decidedAt) return { name: "Voided", state: "failed", text: action.reason ?? "the machine has moved on", at: action.endedAt };
      break;
    default:
  }
  const last = action.yesNeeded > 1 && action.ruling !== "AUTO_APPROVE" ? `, yes ${action.yesNeeded} of ${action.yesNeeded}` : "";
  return { name: "Approved", state: "done", text: action.ruling === "AUTO_APPROVE" ? "by policy, automatically" : `by ${by}${last}`, at };
}

function executionSteps(action: Action, around: Around): Step[] {
  const why = action.reason ?? "";
  if (action.verifiedBy !== null) return verifiedSteps(action, around);
  switch (action.stage) {
    case "APPROVED":
      return [{ name: "Execution", state: "pending", text: "about to begin", at: null }];
    case "STARTED":
      return [{ name: "Execution", state: "pending", text: action.write ? "writing and reading back" : "sending", at: action.startedAt }];
    case "COMPLETED":
      return [{ name: "Executed", state: "done", text: completedText(action), at: action.endedAt }];
    case "FAILED":
      return [{ name: "Failed", state: "failed", text: `took no effect: ${why}`, at: action.endedAt }];
    case "UNVERIFIED":
      return [{ name: "Unverified", state: "unknown", text: `${action.write ? "look at the machine" : "ask whether it arrived"}: ${why}`, at: action.endedAt }];
    case "VOIDED":
      return action.decidedAt ? [{ name: "Voided", state: "failed", text: why, at: action.endedAt }] : [];
    default:
      return [];
  }
}

/** What the device left open stays said beside what a person saw. */
function verifiedSteps(action: Action, { timeline }: Around): Step[] {
  const looked = timeline.findLast((fact) => fact.kind === "ActionVerified" && fact.action === action.id);
  const took = action.stage === "COMPLETED";
  const saw = action.write ? `looked at the machine: it ${took ? "took" : "did not take"}` : `asked: it ${took ? "arrived" : "did not arrive"}`;
  return [
    { name: "Unverified", state: "unknown", text: action.reason ?? "nobody could vouch for it", at: action.endedAt },
    { name: took ? "Verified" : "Failed", state: took ? "done" : "failed", text: `${actorName(action.verifiedBy ?? "")} ${saw}`, at: looked?.recordedAt ?? null },
  ];
}

function completedText(action: Action): string {
  if (!action.write) return "delivered";
  if (action.readBack === null) return "done; the device was not read back";
  return `read back ${readAs(action.readBack)} ${unitSymbol(action.write.unit)}`.trim();
}
