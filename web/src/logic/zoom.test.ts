// From every value to a year: what is asked for, and how one moves.
import { expect, test } from "vitest";
import { askedFor, FURTHEST_MS, finenessOf, moved, NEAREST_MS, STRETCHES, viewOf, zoomed } from "./zoom.ts";

const HOUR = 3_600_000;
const of = (ms: number) => ({ from: 0, to: ms });

test("each stretch is asked for as finely as a screen can show", () => {
  expect(STRETCHES.map(({ ms }) => finenessOf(of(ms)))).toEqual(["RAW", "S10", "M1", "M1", "H1", "H1", "H1"]);
});

test("what is under the finger stays under it", () => {
  const view = zoomed({ from: 0, to: 100_000 }, 0.5, 25_000);
  expect(view).toEqual({ from: 12_500, to: 62_500 });
  expect((25_000 - view.from) / (view.to - view.from)).toBe(0.25);
});

test("one comes neither nearer than two values nor further than what is kept", () => {
  const near = zoomed(of(NEAREST_MS), 0.1);
  expect(near.to - near.from).toBe(NEAREST_MS);
  const far = zoomed(of(FURTHEST_MS), 3);
  expect(far.to - far.from).toBe(FURTHEST_MS);
});

test("one moves back freely and no further on than now", () => {
  expect(moved({ from: 1_000, to: 2_000 }, -0.5, 2_000)).toEqual({ from: 500, to: 1_500 });
  expect(moved({ from: 1_000, to: 2_000 }, 5, 2_000)).toEqual({ from: 1_100, to: 2_100 });
});

test("a small step is within what was asked for already", () => {
  const first = askedFor({ from: 10 * HOUR, to: 11 * HOUR });
  expect(first.from).toBeLessThanOrEqual(10 * HOUR - HOUR / 4);
  expect(askedFor({ from: 10 * HOUR + 20_000, to: 11 * HOUR + 20_000 })).toEqual(first);
  const year = askedFor({ from: 0, to: 365 * 24 * HOUR });
  expect((year.to - year.from) / (365 * 24 * HOUR)).toBeLessThan(2);
});

test("an address names a stretch by dates or, as Grafana does, in milliseconds", () => {
  const named = viewOf(new URLSearchParams("from=2026-01-15T08:00:00Z&to=1768467600000"));
  expect(named).toEqual({ from: Date.parse("2026-01-15T08:00:00Z"), to: 1768467600000 });
  expect([viewOf(new URLSearchParams("from=x&to=y")), viewOf(new URLSearchParams("from=now-1h&to=now")), viewOf(new URLSearchParams("to=1768467600000"))]).toEqual([null, null, null]);
});
