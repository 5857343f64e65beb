// Allowed and executed are two facts.
import { expect, test } from "vitest";
import type { Action } from "../api/fragments.ts";
import { stepsOf } from "./steps.ts";

const proposed: Action = {
  id: "a", site: "s", caseId: "c", name: "reduce_speed", stage: "AWAITING_APPROVAL", ruling: "REQUIRE_APPROVAL", what: "write 870 rpm",
  write: { device: "plc", signal: "p/speed_setpoint", value: 870, unit: "rpm", tolerance: 5 }, message: null, binding: "b", proposedBy: "svc-diagnosis",
  proposedAt: "2026-01-15T08:00:00Z", expiresAt: "2026-01-15T08:05:00Z", preconditions: [], decidedBy: null, decidedAt: null, note: null,
  startedAt: null, observed: [], endedAt: null, readBack: null, reason: null,
};
const decided = { ...proposed, decidedBy: "maria", decidedAt: "2026-01-15T08:01:00Z" };
const said = (action: Action) => stepsOf(action).map(({ name, state, text }) => [name, state, text]);

test("an approval alone does not claim that anything happened", () => {
  expect(said({ ...decided, stage: "APPROVED" })).toEqual([
    ["Approved", "done", "by maria"],
    ["Execution", "pending", "about to begin"],
  ]);
});

test("executed is said with what the device reads back", () => {
  expect(said({ ...decided, stage: "COMPLETED", readBack: 870 })[1]).toEqual(["Executed", "done", "read back 870 rpm"]);
  expect(said({ ...decided, stage: "COMPLETED" })[1]?.[2]).toContain("not read back");
});

test("what cannot be known sends a person to the machine", () => {
  expect(said({ ...decided, stage: "UNVERIFIED", reason: "no answer" })[1]).toEqual(["Unverified", "unknown", "look at the machine: no answer"]);
});

test("a refusal, an expiry and a void before the answer have no execution", () => {
  expect(said({ ...decided, stage: "REJECTED" })).toEqual([["Rejected", "failed", "by maria; nothing was done"]]);
  expect(stepsOf({ ...proposed, stage: "EXPIRED" })).toHaveLength(1);
  expect(stepsOf({ ...proposed, stage: "VOIDED" })).toHaveLength(1);
  expect(stepsOf({ ...decided, stage: "VOIDED" })).toHaveLength(2);
});

test("what policy allowed is not said to be a person's doing", () => {
  expect(said({ ...decided, ruling: "AUTO_APPROVE", stage: "STARTED" })[0]?.[2]).toBe("by policy, automatically");
});
