// The bar through the past says which clock its time is of, where there are two.
// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { leave, show, T0 } from "../testing/backend.tsx";
import { MomentBar } from "./moment-bar.tsx";

afterEach(leave);

function showPast(parts: object[]): void {
  history.replaceState(null, "", `/?at=${T0}`);
  show(<MomentBar close={() => {}} />, {
    Stand: () => ({ health: { position: "ledger/demo:7", parts } }),
    LogExtent: () => ({ logExtent: { first: "2026-01-15T07:00:00Z", last: "2026-01-15T09:00:00Z", facts: 12 } }),
    Weighty: () => ({}),
    Approvals: () => ({ pendingApprovals: [] }),
  });
}

test("where plant time runs faster, the time that is looked at is called real time", async () => {
  showPast([{ name: "time-lapse", ok: true, detail: "plant time runs 60 times as fast as people's" }]);
  expect((await screen.findByText(/^You look at .* real time$/)).textContent).toMatch(/\d\d:\d\d:\d\d real time$/);
});

test("in real time there is one clock, and nothing is said of it", async () => {
  showPast([]);
  expect((await screen.findByText(/^You look at /)).textContent).toMatch(/\d\d:\d\d:\d\d$/);
});
