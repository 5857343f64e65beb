// How a case ended: what is asked, what each choice means, and what is sent.
// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import type { Case } from "../../api/fragments.ts";
import { caseOf, leave, show } from "../../testing/backend.tsx";
import { OutcomePanel } from "./outcome.tsx";

afterEach(leave);

const known = caseOf("c1") as Case;

test("before anything is chosen a person is told that every choice closes the case, and that alarms stay", () => {
  show(<OutcomePanel known={known} refresh={() => {}} />);
  fireEvent.click(screen.getByText("Record an outcome"));
  expect(screen.getByText(/Each of these closes the case.*alarms are not closed with it/)).toBeTruthy();
  expect((screen.getByRole("button", { name: "Record and close the case" }) as HTMLButtonElement).disabled).toBe(true);
});

test("a choice says what is so after it, and is sent as it was chosen", async () => {
  const backend = show(<OutcomePanel known={known} refresh={() => {}} />, {
    RecordOutcome: () => ({ answered: { kind: "DONE", code: null, reason: null, position: "ledger/demo:9", commandId: "x" } }),
  });
  fireEvent.click(screen.getByText("Record an outcome"));
  fireEvent.click(screen.getByRole("radio", { name: /^Mitigated/ }));
  expect(screen.getByText(/leave the case open/)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Record and close the case" }));
  await waitFor(() => expect(backend.asked.find(({ name }) => name === "RecordOutcome")?.variables).toMatchObject({ case: "c1", outcome: "MITIGATED" }));
});

function find(cause: string): void {
  fireEvent.click(screen.getByText("Record an outcome"));
  fireEvent.click(screen.getByRole("radio", { name: /^Repaired/ }));
  fireEvent.change(screen.getByRole("combobox", { name: /^True cause/ }), { target: { value: cause } });
}

test("a cause whose name nobody can keep is told in words, at its field, and nothing is sent", () => {
  const backend = show(<OutcomePanel known={known} refresh={() => {}} />);
  find("worn_coupling!");
  fireEvent.click(screen.getByRole("button", { name: "Record and close the case" }));
  expect(screen.getByRole("alert").textContent).toContain("There is no place in it for “!”");
  expect(document.activeElement).toBe(screen.getByRole("combobox", { name: /^True cause/ }));
  expect(backend.asked.some(({ name }) => name === "RecordOutcome")).toBe(false);
});

test("a new cause is called new before it is recorded, and a known one is not", async () => {
  const backend = show(<OutcomePanel known={known} refresh={() => {}} />, {
    RecordOutcome: () => ({ answered: { kind: "DONE", code: null, reason: null, position: "ledger/demo:9", commandId: "x" } }),
  });
  find("Bearing wear");
  expect(screen.queryByText(/new cause/)).toBeNull();
  fireEvent.change(screen.getByRole("combobox", { name: /^True cause/ }), { target: { value: "Worn coupling" } });
  expect(screen.getByText(/“Worn coupling” will be recorded as a new cause/)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Record and close the case" }));
  await waitFor(() => expect(backend.asked.find(({ name }) => name === "RecordOutcome")?.variables).toMatchObject({ trueCause: "worn_coupling" }));
});

test("a refusal stands above the button, and whoever pressed it is led there", async () => {
  show(<OutcomePanel known={known} refresh={() => {}} />, {
    RecordOutcome: () => ({ answered: { kind: "REFUSED", code: "CLOSED", reason: "The case is closed already.", position: null, commandId: "x" } }),
  });
  find("");
  const button = screen.getByRole("button", { name: "Record and close the case" });
  fireEvent.click(button);
  const told = await screen.findByRole("alert");
  expect(told.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  await waitFor(() => expect(document.activeElement?.contains(told)).toBe(true));
});
