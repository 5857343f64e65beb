// Who still has to answer stands first.
import { expect, test } from "vitest";
import type { Letter } from "../api/crew.ts";
import { canBeAcknowledged, conversationOf, fromText, kindText, stateText, toText } from "./conversation.ts";

const NOW = Date.parse("2026-11-26T14:30:00Z");
const letter = (id: string, minutesAgo: number, more: Partial<Letter> = {}): Letter => ({
  id, site: "demo", from: "svc-watchman", to: "everyone", kind: "FINDING", priority: "MEDIUM", body: "", caseId: null, taskId: null, inReplyTo: null, hops: 0,
  sentAt: new Date(NOW - minutesAgo * 60_000).toISOString(), ackBy: null, state: "TOLD", repeats: 0, acknowledgedBy: null, escalatedTo: null, ...more,
});

test("what waits is in the order of priority and age, what a person was told about above it", () => {
  const waits = { state: "WAITING" } as const;
  const letters = [letter("old", 25, waits), letter("high", 1, { ...waits, priority: "HIGH" }), letter("young", 1, waits), letter("told", 0), letter("gone", 2, { state: "ESCALATED", priority: "LOW" })];
  const { open, rest } = conversationOf([letters], NOW);
  expect(open.map((one) => one.id)).toEqual(["gone", "old", "high", "young"]);
  expect(rest.map((one) => one.id)).toEqual(["told"]);
});

test("a dead letter calls nobody and can still be acknowledged", () => {
  const dead = letter("dead", 90, { state: "DEAD" });
  expect(conversationOf([[dead]], NOW)).toEqual({ open: [], rest: [dead] });
  expect((["TOLD", "WAITING", "ACKNOWLEDGED", "DEAD", "ESCALATED"] as const).filter((state) => canBeAcknowledged({ state }))).toEqual(["WAITING", "DEAD", "ESCALATED"]);
});

test("a letter that stands in two lists is shown once, and the rest by when it was sent", () => {
  const { open, rest } = conversationOf([[letter("a", 9), letter("b", 3)], [letter("a", 9, { state: "ACKNOWLEDGED" })]], NOW);
  expect([open, rest.map((one) => [one.id, one.state])]).toEqual([[], [["b", "TOLD"], ["a", "ACKNOWLEDGED"]]]);
});

test("names and states are words", () => {
  expect([toText("agent-night-shift"), toText("every coder"), fromText("ann"), fromText("svc-conductor"), kindText("AUDIT_REQUEST")]).toEqual(["Night shift", "every coder", "ann", "Conductor", "Audit request"]);
  expect(stateText({ state: "ESCALATED", acknowledgedBy: null, escalatedTo: "shift-lead", repeats: 3 })).toBe("nobody acknowledged it in time, delivered again 3 times; shift-lead was told");
  expect(stateText({ state: "ACKNOWLEDGED", acknowledgedBy: "svc-triage", escalatedTo: null, repeats: 0 })).toBe("acknowledged by Triage");
  expect(stateText({ state: "WAITING", acknowledgedBy: null, escalatedTo: null, repeats: 1 })).toBe("waits to be acknowledged, delivered again once");
});
