// How pushed readings join what is known.
import { expect, test } from "vitest";
import type { Latest } from "../api/fragments.ts";
import { merged, plantNow, type Values } from "./latest.ts";

const reading = (second: number, value: number | null, quality: Latest["quality"] = "GOOD"): Latest => {
  const at = new Date(Date.UTC(2026, 0, 15, 8, 0, second)).toISOString();
  return { signal: "p/flow", at, receivedAt: at, value, quality };
};
const nothing: Values = new Map();

test("an older reading that arrives late changes nothing", () => {
  const known = merged(nothing, [reading(20, 5)], 1_000);
  expect(merged(known, [reading(10, 4)], 2_000)).toBe(known);
});

test("the same reading again is no news, so a silent signal grows stale", () => {
  const known = merged(nothing, [reading(20, 5)], 1_000);
  const again = merged(known, [reading(20, 5)], 60_000);
  expect(again.get("p/flow")?.heardAt).toBe(1_000);
});

test("a bad value is shown as the latest and leaves a hole in the curve", () => {
  const known = merged(merged(nothing, [reading(0, 5)], 1_000), [reading(10, null, "BAD_NO_COMMUNICATION")], 2_000).get("p/flow");
  expect(known?.reading.quality).toBe("BAD_NO_COMMUNICATION");
  expect(known?.dots.map((dot) => dot.value)).toEqual([5, null]);
});

test("an uncertain number is not drawn as a good one", () => {
  expect(merged(nothing, [reading(0, 5, "UNCERTAIN_OUT_OF_RANGE")], 0).get("p/flow")?.dots).toMatchObject([{ value: null }]);
});

test("the plant's clock is its newest reading", () => {
  expect(plantNow(nothing)).toBeNull();
  expect(plantNow(merged(nothing, [reading(20, 5)], 0))).toBe(Date.UTC(2026, 0, 15, 8, 0, 20));
});
