// Evidence as it is read: the strongest first, and then each at its place.
import { expect, test } from "vitest";
import { steady } from "./evidence.ts";

const one = (signal: string, magnitude: number) => ({ signal, feature: "DRIFT" as const, windowS: 300, magnitude });

test("rows that are shown keep their places however their figures move", () => {
  const first = steady([], [one("a", 3), one("b", -9), one("c", 5)], 3);
  expect(first.rows.map((row) => row.signal)).toEqual(["b", "c", "a"]);
  const later = steady(first.names, [one("a", 12), one("c", 4), one("b", 1), one("d", 20)], 3);
  expect(later.rows.map((row) => row.signal)).toEqual(["b", "c", "a"]);
});

test("what is no longer evidence makes room for what is", () => {
  const { names } = steady([], [one("a", 3), one("b", 9)], 2);
  expect(steady(names, [one("a", 3), one("d", 20)], 2).rows.map((row) => row.signal)).toEqual(["a", "d"]);
});
