// Cases page by page, a filter that stands in the address, and what is said when nobody answers.
// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { caseOf, leave, show } from "../../testing/backend.tsx";
import { CasesScreen } from "./cases-screen.tsx";

afterEach(leave);

const page = (ids: readonly string[], next: string | null) => ({ cases: { nodes: ids.map((id) => caseOf(id, { status: "CLOSED" })), pageInfo: { hasNextPage: next !== null, endCursor: next } } });
const none = page([], null);

test("older cases are added below those that are shown, until there are no more", async () => {
  const backend = show(<CasesScreen />, {
    Cases: ({ status, after }) => (status === "OPEN" ? none : after === "c2" ? page(["d"], null) : page(["f", "e"], "c2")),
  });
  await screen.findByText("2 cases so far");
  fireEvent.click(screen.getByRole("button", { name: "Show older" }));
  await screen.findByText("3 cases");
  expect(screen.getAllByRole("link").map((link) => link.textContent)).toEqual(["Pump of f", "Pump of e", "Pump of d"]);
  expect(screen.queryByRole("button", { name: "Show older" })).toBeNull();
  expect(backend.asked.filter(({ name, variables }) => name === "Cases" && variables["status"] === "CLOSED").map(({ variables }) => variables["after"])).toEqual([null, "c2"]);
});

test("a case that is closed elsewhere moves to the closed ones without being asked for", async () => {
  const backend = show(<CasesScreen />, { Cases: ({ status }) => (status === "OPEN" ? { cases: { ...none.cases, nodes: [caseOf("a")] } } : none) });
  await screen.findByText("Pump of a");
  expect(screen.getByText("Pump of a").closest("section")?.getAttribute("aria-labelledby")).toBe("cases-OPEN");
  const asked = backend.asked.length;
  await backend.push("CasesChanged", { caseChanged: { case: caseOf("a", { status: "CLOSED", stage: "closed", changedAt: "2026-01-15T08:05:00Z" }) } });
  await waitFor(() => expect(screen.getByText("Pump of a").closest("section")?.getAttribute("aria-labelledby")).toBe("cases-CLOSED"));
  expect(backend.asked.slice(asked).filter(({ name }) => name === "Cases")).toEqual([]);
});

test("who cannot reach the server is told what to check, and can try again", async () => {
  const backend = show(<CasesScreen />, { Cases: null });
  await waitFor(() => expect(screen.getAllByRole("alert")).toHaveLength(2));
  for (const alert of screen.getAllByRole("alert")) expect(alert.textContent).toContain("Check that it runs and that this device is on the plant's network");
  backend.answer("Cases", () => none);
  for (const button of screen.getAllByRole("button", { name: "Try now" })) fireEvent.click(button);
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  await screen.findByText(/A case opens by itself when a signal does/);
});
