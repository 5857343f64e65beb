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
