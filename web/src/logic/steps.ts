// An action's life as separate facts: who allowed it is one thing, what the machine says came of it another.
import type { Action } from "../api/fragments.ts";
import { exact } from "./format.ts";
import { actorName, unitSymbol } from "./words.ts";

export interface Step {
  name: string;
  state: "done" | "pending" | "failed" | "unknown";
  text: string;
  at: string | null;
}

export function stepsOf(action: Action): Step[] {
  const decision = decisionStep(action);
  const execution = executionStep(action);
  return execution ? [decision, execution] : [decision];
}

function decisionStep(action: Action): Step {
  const by = action.decidedBy ? actorName(action.decidedBy) : "";
  const at = action.decidedAt;
  switch (action.stage) {
    case "AWAITING_APPROVAL":
      return { name: "Approval", state: "pending", text: "waits for a person", at: null };
    case "REJECTED":
      return { name: "Rejected", state: "failed", text: by === "" ? "nothing was done" : `by ${by}; nothing was done`, at };
    case "EXPIRED":
      return { name: "Expired", state: "failed", text: "nobody answered in time, so nothing was done", at: action.endedAt };
    case "SUPERSEDED":
      return { name: "Superseded", state: "failed", text: "a newer proposal took its place", at: action.endedAt };
    case "VOIDED":
      if (!action.decidedAt) return { name: "Voided", state: "failed", text: action.reason ?? "the machine has moved on", at: action.endedAt };
      break;
    default:
  }
  return { name: "Approved", state: "done", text: action.ruling === "AUTO_APPROVE" ? "by policy, automatically" : `by ${by}`, at };
}

function executionStep(action: Action): Step | null {
  const why = action.reason ?? "";
  switch (action.stage) {
    case "APPROVED":
      return { name: "Execution", state: "pending", text: "about to begin", at: null };
    case "STARTED":
      return { name: "Execution", state: "pending", text: action.write ? "writing and reading back" : "sending", at: action.startedAt };
    case "COMPLETED":
      return { name: "Executed", state: "done", text: completedText(action), at: action.endedAt };
    case "FAILED":
      return { name: "Failed", state: "failed", text: `took no effect: ${why}`, at: action.endedAt };
    case "UNVERIFIED":
      return { name: "Unverified", state: "unknown", text: `look at the machine: ${why}`, at: action.endedAt };
    case "VOIDED":
      return action.decidedAt ? { name: "Voided", state: "failed", text: why, at: action.endedAt } : null;
    default:
      return null;
  }
}

function completedText(action: Action): string {
  if (!action.write) return "delivered";
  if (action.readBack === null) return "done; the device was not read back";
  return `read back ${exact(Number(action.readBack.toFixed(3)))} ${unitSymbol(action.write.unit)}`.trim();
}
