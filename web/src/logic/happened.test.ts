// What is marked on a signal's curve is what happened to its machine while one looks.
import { expect, test } from "vitest";
import type { HappenedCase } from "../api/signal.ts";
import { happenedIn } from "./happened.ts";

const fact = (kind: string, minute: number, ...signals: string[]) => ({ seq: minute, kind, occurredAt: `2026-01-15T08:${String(minute).padStart(2, "0")}:00Z`, summary: `${kind} ${minute}`, evidence: signals.map((signal) => ({ signal })) });
const one: HappenedCase = {
  id: "c", status: "OPEN", openedAt: "2026-01-15T08:01:00Z", closedAt: null, diagnosis: null,
  timeline: [fact("AlertRaised", 1, "p/flow"), fact("AlertRaised", 2, "p/flow"), fact("AlertRaised", 3, "p/vibration"), fact("DiagnosisRecorded", 4), fact("ActionCompleted", 9), fact("OutcomeRecorded", 30)],
};
const at = (minute: number) => Date.parse(`2026-01-15T08:${String(minute).padStart(2, "0")}:00Z`);

test("the first alert of a case and those of the signal itself are marked, and what was done and found", () => {
  const seen = happenedIn([one], "p/vibration", at(0), at(59));
  expect(seen.map(({ kind, ours, summary }) => [kind, ours, summary])).toEqual([
    ["alert", false, "AlertRaised 1"],
    ["alert", true, "AlertRaised 3"],
    ["action", false, "ActionCompleted 9"],
    ["outcome", false, "OutcomeRecorded 30"],
  ]);
});

test("what is outside the stretch is not", () => {
  expect(happenedIn([one], "p/vibration", at(5), at(20)).map(({ kind }) => kind)).toEqual(["action"]);
});
