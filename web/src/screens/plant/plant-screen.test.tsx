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

/** As after a case that was closed as mitigated: the pump was slowed, and stands far below the pressure that was learned. */
function slowed(lastOutcome: string | null): object {
  const plant = plantOf() as { assets: { signals: object[]; health: object }[] };
  const [pump] = plant.assets;
  const latest = (signal: string, value: number) => ({ signal, at: T0, receivedAt: T0, value, quality: "GOOD" });
  const pressure = { ...pump?.signals[0], latest: latest("pump-1/pressure", 0.5) };
  const speed = { ...pressure, id: "pump-1/speed", kind: "speed", unit: "rpm", baseline: null, writable: { rated: 1450, maxStep: 600, limits: { low: 600, high: 1500 } }, latest: latest("pump-1/speed", 870) };
  return { ...plant, assets: [{ ...pump, signals: [pressure, speed], health: { ...pump?.health, lastOutcome } }] };
}

test("a machine that stands far from what was learned is not called normal at any place, and it is said why", async () => {
  show(<PlantScreen />, { Plants: () => ({ plants: [slowed("MITIGATED")] }) });
  await screen.findByText(/1 asset, 1 away from normal with no case open/);
  // In the tree its place rolls it up; there and on its card the machine says so itself.
  expect(screen.getAllByText("Away from normal")).toHaveLength(2);
  expect(screen.queryByText("Normal")).toBeNull();
  expect(screen.getByText(/An action changed how Pump P-1 runs/)).toBeTruthy();
});

test("where no action is known, a set point off its rated value is said and nobody is named for it", async () => {
  const backend = show(<PlantScreen />, { Plants: () => ({ plants: [slowed(null)] }) });
  await screen.findByText(/Pump P-1 does not run at the rated set point/);
  await backend.push("ReadingsChanged", { readingsChanged: { readings: [{ signal: "pump-1/pressure", at: soon, receivedAt: soon, value: 5, quality: "GOOD" }] } });
  await screen.findByText(/1 asset, all normal/);
  expect(screen.queryByText(/rated set point/)).toBeNull();
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
