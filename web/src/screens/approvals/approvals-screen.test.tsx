// A decision: how long there is, two taps at two places, by keyboard alone, and what becomes of it.
// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Backend, caseOf, leave, show, T0 } from "../../testing/backend.tsx";
import { ApprovalsScreen } from "./approvals-screen.tsx";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"], now: Date.parse(T0) });
});
afterEach(() => {
  leave();
  vi.useRealTimers();
});

const after = (seconds: number): string => new Date(Date.parse(T0) + seconds * 1_000).toISOString();
const action = {
  id: "a1", site: "demo", caseId: "c1", name: "reduce_speed", stage: "AWAITING_APPROVAL", ruling: "REQUIRE_APPROVAL", what: "write 870 rpm",
  write: { device: "plc-1", signal: "pump-1/speed", value: 870, unit: "rpm", tolerance: 5 }, message: null, binding: "b1", proposedBy: "svc-diagnosis", proposedAt: T0, expiresAt: after(90),
  preconditions: [], decidedBy: null, decidedAt: null, note: null, startedAt: null, observed: [], endedAt: null, readBack: null, reason: null,
  risk: "HIGH", yesNeeded: 1, yes: [], alsoAsked: [], reminders: 0, escalations: 0, insteadOf: null, sent: null, verifiedBy: null,
};

async function showWaiting(): Promise<Backend> {
  const backend = show(<ApprovalsScreen />, {
    Case: () => ({ case: null }),
    Approve: () => ({ answered: { kind: "DONE", code: null, reason: null, position: "ledger/demo:9", commandId: "x" } }),
  });
  await backend.push("ApprovalsChanged", { pendingApprovalsChanged: { pendingApprovals: [action] } });
  await screen.findByRole("button", { name: "Approve…" });
  return backend;
}

const approved = (backend: Backend) => backend.asked.filter(({ name }) => name === "Approve").map(({ variables }) => [variables["action"], variables["binding"]]);

/** As browsers do: a native button that has the focus is pressed by Enter, and nothing else is. */
function pressEnter(): void {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLButtonElement)) throw new Error(`Enter does nothing on ${focused?.tagName}`);
  fireEvent.click(focused);
}

function pressTab(): void {
  const all = [...document.querySelectorAll<HTMLElement>("a[href], button:not(:disabled), input, select, summary, [tabindex='0']")];
  act(() => all[(document.activeElement instanceof HTMLElement ? all.indexOf(document.activeElement) : -1) + 1]?.focus());
}

test("the time that is left is counted down, and afterwards nothing can be approved", async () => {
  await showWaiting();
  expect(screen.getByRole("timer").textContent).toBe("1:30");
  act(() => vi.advanceTimersByTime(31_000));
  expect(screen.getByRole("timer").textContent).toBe("0:59");
  expect(screen.getByRole("timer").closest("p")?.className).toContain("urgent");
  act(() => vi.advanceTimersByTime(60_000));
  expect(screen.queryByRole("button", { name: "Approve…" })).toBeNull();
  expect(screen.getByText(/Nobody answered in time, so nothing is done/)).toBeTruthy();
});

test("the first tap only asks, and the second one says yes to exactly what is shown", async () => {
  const backend = await showWaiting();
  fireEvent.click(screen.getByRole("button", { name: "Approve…" }));
  expect(approved(backend)).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: /^Yes, write 870/ }));
  await screen.findByText("Your yes is on record.");
  expect(approved(backend)).toEqual([["a1", "b1"]]);
});

test("a held Enter key goes to and fro and never approves", async () => {
  const backend = await showWaiting();
  screen.getByRole("button", { name: "Approve…" }).focus();
  pressEnter();
  expect(document.activeElement?.textContent).toBe("Back");
  pressEnter();
  expect(screen.getByRole("button", { name: "Approve…" })).toBeTruthy();
  expect(approved(backend)).toEqual([]);
});

test("by keyboard alone a person comes to the yes and is led to what came of it", async () => {
  const backend = await showWaiting();
  for (let steps = 0; document.activeElement?.textContent !== "Approve…" && steps < 20; steps += 1) pressTab();
  pressEnter();
  pressTab();
  pressEnter();
  await screen.findByText("Your yes is on record.");
  await waitFor(() => expect(document.activeElement?.textContent).toBe("Your yes is on record."));
  expect(approved(backend)).toEqual([["a1", "b1"]]);
});

test("after a yes the screen says that it was yours, and what came of it", async () => {
  const backend = await showWaiting();
  fireEvent.click(screen.getByRole("button", { name: "Approve…" }));
  fireEvent.click(screen.getByRole("button", { name: /^Yes, write 870/ }));
  await screen.findByText("Your yes is on record.");
  const done = { ...action, stage: "COMPLETED", decidedBy: "ann", decidedAt: T0, endedAt: T0, readBack: 870, yes: ["ann"] };
  backend.answer("Case", () => ({ case: caseOf("c1", { actions: [done], timeline: [] }) }));
  await backend.push("ApprovalsChanged", { pendingApprovalsChanged: { pendingApprovals: [] } });
  await screen.findByText(/approved by you; executed: read back 870 rpm/);
  expect(document.activeElement?.className).toBe("gone");
});

test("what was answered elsewhere goes away and leads to its case", async () => {
  const backend = await showWaiting();
  await backend.push("ApprovalsChanged", { pendingApprovalsChanged: { pendingApprovals: [] } });
  await screen.findByText("Nothing waits for your decision");
  expect(screen.getByText("See what came of it").getAttribute("href")).toBe("#/cases/c1");
});
