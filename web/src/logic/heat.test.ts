// A cell says how far from normal, on which side, and never colours what cannot be believed.
import { expect, test } from "vitest";
import type { Quality } from "../api/fragments.ts";
import { heatOf, sigmaOf } from "./heat.ts";

const signal = { unit: "mm/s", baseline: { mean: 2, std: 0.1 } };
const read = (value: number | null, quality: Quality = "GOOD") => ({ reading: { signal: "s", at: "2026-01-15T08:00:00Z", receivedAt: "2026-01-15T08:00:00Z", value, quality } });

test("normal is grey, and departures have a side and a step", () => {
  expect(heatOf(signal, read(2.1), 0)).toMatchObject({ level: "calm", side: "none", text: "2.10 mm/s, normal" });
  expect(heatOf(signal, read(2.26), 0)).toMatchObject({ level: "edge", side: "high" });
  expect(heatOf(signal, read(0.9), 0)).toMatchObject({ level: "high", side: "low", text: "0.900 mm/s, 11.0 σ below normal" });
  expect(heatOf(signal, read(9), 0).level).toBe("critical");
});

test("what cannot be believed has no colour of a departure, whatever its value", () => {
  expect(heatOf(signal, read(9, "UNCERTAIN_OUT_OF_RANGE"), 0)).toMatchObject({ level: "uncertain", sigma: null, text: "9.00 mm/s, out of range" });
  expect(heatOf(signal, read(null, "BAD_NO_COMMUNICATION"), 0)).toMatchObject({ level: "bad", text: "no communication" });
  expect(heatOf(signal, read(9), 60_000).level).toBe("stale");
  expect(heatOf(signal, undefined, 0)).toMatchObject({ level: "none", text: "no value yet" });
});

test("without a baseline, or with one that never moved, nothing departs, and which of the two is said", () => {
  expect(heatOf({ ...signal, baseline: null }, read(9), 0)).toMatchObject({ level: "unlearned", text: "9.00 mm/s, what is normal is not learned yet" });
  const setPoint = { unit: "rpm", baseline: { mean: 1480, std: 0 } };
  expect(heatOf(setPoint, read(888), 0)).toMatchObject({ level: "unmoved", side: "none", sigma: null });
  expect(heatOf(setPoint, read(888), 0).text).toMatch(/, it never moved from 1480 while normal was learned, so there is no measure of its distance$/);
  expect(sigmaOf({ mean: 1450, std: 0 }, 870)).toBeNull();
});
