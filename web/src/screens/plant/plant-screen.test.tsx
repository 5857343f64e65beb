// The overview: what is pushed is merged into what was asked, and what is learned needs no asking by a clock.
// @vitest-environment happy-dom
import { screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { useKnown } from "../../live/values.ts";
import { caseOf, leave, plantOf, show, T0 } from "../../testing/backend.tsx";
import { PlantScreen } from "./plant-screen.tsx";

afterEach(() => {
  vi.useRealTimers();
  leave();
});

const soon = "2026-01-15T08:00:01Z";

test("a case that is pushed stands on its machine, and is gone once it is closed", async () => {
  const backend = show(<PlantScreen />);
  await screen.findByText(/1 asset, all normal/);
  await backend.push("CasesChanged", { caseChanged: { case: caseOf("c1") } });
  await screen.findByText(/1 asset, 1 with an open case/);
  await backend.push("CasesChanged", { caseChanged: { case: caseOf("c1", { status: "CLOSED", stage: "closed", changedAt: soon }) } });
  await screen.findByText(/1 asset, all normal/);
});

test("an older view of a case that comes late does not take the newer one's place", async () => {
  const backend = show(<PlantScreen />);
  await screen.findByText(/all normal/);
  await backend.push("CasesChanged", { caseChanged: { case: caseOf("c1", { status: "CLOSED", stage: "closed", changedAt: soon }) } });
  await backend.push("CasesChanged", { caseChanged: { case: caseOf("c1") } });
  expect(screen.getByText(/all normal/)).toBeTruthy();
});

test("a pushed value takes the asked one's place, and one that is older does not", async () => {
  const Value = () => <output>{String(useKnown("demo", "pump-1/pressure")?.reading.value)}</output>;
  const backend = show(<Value />);
  await screen.findByText("5");
  const readings = (at: string, value: number) => ({ readingsChanged: { readings: [{ signal: "pump-1/pressure", at, receivedAt: at, value, quality: "GOOD" }] } });
  await backend.push("ReadingsChanged", readings(soon, 6));
  await screen.findByText("6");
  await backend.push("ReadingsChanged", readings(T0, 4));
  expect(screen.getByText("6")).toBeTruthy();
});

test("the plant is asked again when something of it is pushed, and not for anything else", async () => {
  const backend = show(<PlantScreen />);
  await screen.findByText(/all normal/);
  const plants = () => backend.asked.filter(({ name }) => name === "Plants").length;
  const before = plants();
  // So long after the last asking that there is no pause before the next one.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  await backend.push("PlantChanged", { plantChanged: { plant: false, outside: true, crew: true } });
  expect(plants()).toBe(before);
  backend.answer("Plants", () => ({ plants: [plantOf({ name: "Waterworks, renamed" })] }));
  await backend.push("PlantChanged", { plantChanged: { plant: true, outside: false, crew: false } });
  await waitFor(() => expect(screen.getByText("Waterworks, renamed")).toBeTruthy());
});
