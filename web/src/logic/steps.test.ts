// Allowed and executed are two facts.
import { expect, test } from "vitest";
import type { Action } from "../api/fragments.ts";
import { stepsOf } from "./steps.ts";

const proposed: Action = {
  id: "a", site: "s", caseId: "c", name: "reduce_speed", stage: "AWAITING_APPROVAL", ruling: "REQUIRE_APPROVAL", what: "write 870 rpm",
  write: { device: "plc", signal: "p/speed_setpoint", value: 870, unit: "rpm", tolerance: 5 }, message: null, binding: "b", proposedBy: "svc-diagnosis",
  proposedAt: "2026-01-15T08:00:00Z", expiresAt: "2026-01-15T08:05:00Z", preconditions: [], decidedBy: null, decidedAt: null, note: null,
  startedAt: null, observed: [], endedAt: null, readBack: null, reason: null,
  risk: "MEDIUM", yesNeeded: 1, yes: [], alsoAsked: [], reminders: 0, escalations: 0, insteadOf: null, sent: null, verifiedBy: null,
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

const given = { kind: "ApprovalGiven", action: "a", actor: "ann", recordedAt: "2026-01-15T08:00:30Z" };

test("where two persons are needed each yes stands there with its own time", () => {
  const high: Action = { ...decided, risk: "HIGH", yesNeeded: 2, yes: ["ann"], stage: "COMPLETED", readBack: 870 };
  const steps = stepsOf(high, { timeline: [given], actions: [] });
  expect(steps.map(({ name, text, at }) => [name, text, at])).toEqual([
    ["Yes 1 of 2", "by ann", "2026-01-15T08:00:30Z"],
    ["Approved", "by maria, yes 2 of 2", "2026-01-15T08:01:00Z"],
    ["Executed", "read back 870 rpm", null],
  ]);
});

test("what was wanted otherwise names who wanted it", () => {
  const step = stepsOf({ ...proposed, stage: "SUPERSEDED" }, { timeline: [], actions: [{ insteadOf: "a", proposedBy: "nora" }] })[0];
  expect(step?.text).toBe("nora wanted something else in its place");
  expect(said({ ...proposed, stage: "SUPERSEDED" })[0]?.[2]).toBe("a newer proposal took its place");
});

test("what a person saw stands beside what the device left open", () => {
  const looked = { kind: "ActionVerified", action: "a", actor: "nora", recordedAt: "2026-01-15T08:09:00Z" };
  const open: Action = { ...decided, stage: "UNVERIFIED", reason: "no answer" };
  const after = (stage: "COMPLETED" | "FAILED") => stepsOf({ ...open, stage, verifiedBy: "nora" }, { timeline: [looked], actions: [] }).slice(1);
  expect(after("COMPLETED").map(({ name, state, text, at }) => [name, state, text, at])).toEqual([
    ["Unverified", "unknown", "no answer", null],
    ["Verified", "done", "nora looked at the machine: it took", "2026-01-15T08:09:00Z"],
  ]);
  expect(after("FAILED")[1]).toMatchObject({ name: "Failed", state: "failed", text: "nora looked at the machine: it did not take" });
});

test("a message that nobody can vouch for is asked after and not looked at", () => {
  const message = { ...decided, write: null, message: { to: "bob", text: "Come." }, stage: "UNVERIFIED", reason: "no receipt" } satisfies Action;
  expect(said(message)[1]?.[2]).toBe("ask whether it arrived: no receipt");
});
