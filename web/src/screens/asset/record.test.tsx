// What a machine's cases have come to: the last outcome is of a closed case, or is called that of an open one.
// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import type { AssetHealth } from "../../api/fragments.ts";
import { leave, show, T0 } from "../../testing/backend.tsx";
import { Record } from "./record.tsx";

afterEach(leave);

const health = (more: Partial<AssetHealth>) =>
  ({
    site: "demo", asset: "pump-1", state: "MITIGATED", openCases: 1, worstSeverity: null, lastAlertAt: null, lockedOut: null,
    closedCases: 0, repaired: 0, falseAlarms: 0, lastOutcome: "MITIGATED", lastOutcomeAt: T0, ...more,
  }) as AssetHealth;

test("an outcome of a case that is still open is not called the last of closed ones", () => {
  show(<Record health={health({})} />);
  expect(screen.getByText("Mitigated, 2026-01-15").previousSibling?.textContent).toBe("the open case so far");
});

test("where cases were closed, the last outcome is called so, and without any there is none", () => {
  show(<Record health={health({ closedCases: 3, repaired: 2, lastOutcome: "REPAIRED" })} />);
  expect(screen.getByText("Repaired, 2026-01-15").previousSibling?.textContent).toBe("the last outcome");
  leave();
  show(<Record health={health({ lastOutcome: null, lastOutcomeAt: null })} />);
  expect(screen.queryByText(/the last outcome|the open case/)).toBeNull();
});
