// Figures of evidence are those of the moment at which they were told, and say so.
// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import type { Evidence } from "../../api/fragments.ts";
import { leave, show, T0 } from "../../testing/backend.tsx";
import { EvidenceRows } from "./evidence-table.tsx";

afterEach(leave);

const evidence: Evidence[] = [{ signal: "pump-1/vibration", kind: "vibration", feature: "DRIFT", magnitude: 12.8, current: 2.28, expected: 1.9, windowS: 300, at: T0 }];
const columns = () => screen.getAllByRole("columnheader").map((head) => head.textContent);

test("what a value was when an alert was told is not called now", () => {
  show(<EvidenceRows evidence={evidence} signals={[]} />);
  expect(columns()).toEqual(["Signal", "Departs by", "Then", "Expected"]);
  expect(screen.getByText("2.28")).toBeTruthy();
});
