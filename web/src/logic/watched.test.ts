// What an action waits for once it was carried out.
import { expect, test } from "vitest";
import type { Case } from "../api/fragments.ts";
import { actedAt, outOfPatience, watchedSignals } from "./watched.ts";

const figure = (signal: string, feature: string, magnitude: number) => ({ signal, feature, magnitude, kind: "x", current: 0, expected: 0, windowS: 300, at: "" }) as unknown as Case["evidence"][number];
const fact = (kind: string, minute: number) => ({ kind, occurredAt: `2026-01-15T08:${String(minute).padStart(2, "0")}:00Z` }) as Case["timeline"][number];

test("what has to come back is what drifted, and what is normal has left nowhere", () => {
  const evidenceFor = [figure("vibration", "DRIFT", 9), figure("flow", "DRIFT", 0.2), figure("vibration", "SLOPE", 4)];
  const diagnosis = { evidenceFor } as unknown as Case["diagnosis"];
  expect(watchedSignals({ evidence: [figure("pressure", "DRIFT", 5)], diagnosis })).toEqual(["vibration"]);
  expect(watchedSignals({ evidence: [figure("pressure", "STUCK", 60)], diagnosis: null })).toEqual(["pressure"]);
});

test("it is counted from the last action that took effect, on the plant's clock", () => {
  expect(actedAt({ timeline: [fact("ActionCompleted", 1), fact("ActionStarted", 2), fact("ActionCompleted", 3), fact("AlertRaised", 4)] })).toBe(Date.parse("2026-01-15T08:03:00Z"));
  expect(actedAt({ timeline: [fact("ActionStarted", 2)] })).toBeNull();
});

test("nobody is told to wait for ever", () => {
  expect([9, 10].map((minutes) => outOfPatience(0, minutes * 60_000))).toEqual([false, true]);
  expect(outOfPatience(0, null)).toBe(false);
});
