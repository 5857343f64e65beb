// What is said between a yes and its effect, and the way to what was found.
// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import type { Case } from "../../api/fragments.ts";
import { caseOf, leave, show } from "../../testing/backend.tsx";
import { WhatNext } from "./what-next.tsx";

afterEach(leave);

const at = (stage: string, more: object = {}) => caseOf("c1", { stage, timeline: [{ kind: "ActionCompleted", occurredAt: "2026-01-15T07:40:00Z" }], ...more }) as Case;
const evidence = [{ signal: "pump-1/vibration", feature: "DRIFT", magnitude: 9 }];
const diagnosis = { cause: "bearing_wear", confidence: 0.9, evidenceFor: evidence };

test("after a yes it is said what has to come back, and after a while that it has not", async () => {
  show(<WhatNext known={at("verifying", { diagnosis })} signals={[]} />);
  await screen.findByText(/so far for 20 min/);
  expect(screen.getByText(/Vibration has to be back near normal/)).toBeTruthy();
  expect(screen.getByText("It has not come back.")).toBeTruthy();
});

test("the way to what was found stands at the decision as long as the case is open, and not afterwards", () => {
  show(<WhatNext known={at("diagnosed", { diagnosis })} signals={[]} />);
  expect(screen.getByRole("button", { name: "Record what was found" })).toBeTruthy();
  leave();
  show(<WhatNext known={at("closed", { status: "CLOSED" })} signals={[]} />);
  expect(screen.queryByRole("button", { name: "Record what was found" })).toBeNull();
});
