// Short curves: periods, history under live values, the path.
import { expect, test } from "vitest";
import { bandOf, pathOf, scaleOf, withHistory, withValue } from "./spark.ts";

test("values of one period are one dot, the last one", () => {
  const dots = withValue(withValue([], 12_000, 1), 19_999, 2);
  expect(dots).toEqual([{ at: 10_000, value: 2 }]);
});

test("a bad value does not wipe the good one of its period", () => {
  expect(withValue([{ at: 10_000, value: 2 }], 15_000, null)).toEqual([{ at: 10_000, value: 2 }]);
});

test("only so many dots are kept, the newest", () => {
  const dots = [0, 1, 2, 3].reduce((kept, step) => withValue(kept, step * 10_000, step, 10_000, 3), [] as ReturnType<typeof withValue>);
  expect(dots.map((dot) => dot.value)).toEqual([1, 2, 3]);
});

test("history lies under live values and never over them", () => {
  const history = [0, 10_000].map((at) => ({ at, value: 1 }));
  expect(withHistory(history, [{ at: 10_000, value: 9 }])).toEqual([{ at: 0, value: 1 }, { at: 10_000, value: 9 }]);
});

test("history fills the gap that a lost link left", () => {
  const live = [0, 40_000].map((at) => ({ at, value: 9 }));
  const history = [10_000, 20_000, 30_000].map((at) => ({ at, value: 1 }));
  expect(withHistory(history, live).map((dot) => dot.value)).toEqual([9, 1, 1, 1, 9]);
});

test("the scale holds the normal band as well as the values", () => {
  const scale = scaleOf([{ at: 0, value: 50 }], bandOf({ mean: 10, std: 1 }));
  expect(scale?.low).toBeLessThan(7);
  expect(scale?.high).toBeGreaterThan(50);
  expect(scaleOf([], null)).toBeNull();
});

test("a hole breaks the line", () => {
  const dots = [1, null, 3].map((value, step) => ({ at: step, value }));
  expect(pathOf(dots, { low: 0, high: 4 }, 10, 4)).toBe("M0.0 3.0M10.0 1.0");
});
