// How figures, times and durations are written.
import { expect, test } from "vitest";
import { clockTime, departure, duration, exact, figure, percent, readAs } from "./format.ts";
import { stretchText } from "./stretch.ts";

test("a figure has no more digits than its size makes true", () => {
  expect([1450.24, 402.83, 74.661, 0.0123, 0].map(figure)).toEqual(["1450", "402.8", "74.66", "0.012", "0.00"]);
});

test("what is no number is a dash and never a zero", () => {
  expect([null, undefined, Number.NaN, Number.POSITIVE_INFINITY].map(figure)).toEqual(["—", "—", "—", "—"]);
});

test("a sign is a true minus, and rounding to zero loses it", () => {
  expect(figure(-3.5)).toBe("\u22123.50");
  expect(figure(-0.0001)).toBe("0.000");
});

test("what is to be written is shown with every digit", () => {
  expect([870, 0.1 + 0.2, 12.3456, -4].map(exact)).toEqual(["870", "0.3", "12.3456", "\u22124"]);
});

test("a departure always shows its direction", () => {
  expect([19.43, -0.8].map(departure)).toEqual(["+19.4", "\u22120.8"]);
  expect(percent(0.874)).toBe("87 %");
});

test("a time of another day names the day", () => {
  const now = new Date(2026, 0, 15, 8, 30, 5).getTime();
  expect(clockTime(now, now)).toBe("08:30:05");
  expect(clockTime(new Date(2026, 0, 14, 23, 0, 0).getTime(), now)).toBe("2026-01-14 23:00:00");
  expect(clockTime("not a time", now)).toBe("—");
});

test("a duration is told in the units that matter", () => {
  expect([4_000, 90_000, 600_000, 5_400_000, 300_000_000].map(duration)).toEqual(["4 s", "1 min 30 s", "10 min", "1 h 30 min", "3 days"]);
});

test("a stretch of time names the day once where it stays the same", () => {
  const at = (date: number, hour: number) => new Date(2026, 0, date, hour, 5).toISOString();
  expect(stretchText(at(15, 6), at(15, 10))).toBe("2026-01-15, 06:05 to 10:05");
  expect(stretchText(at(14, 6), at(15, 6))).toBe("2026-01-14, 06:05 to 2026-01-15, 06:05");
});

test("what was read beside what was set has the same digits where it is the same", () => {
  expect([readAs(888), readAs(888.04), readAs(887.99999), readAs(-0.5), readAs(null)]).toEqual(["888", "888.04", "888", "\u22120.5", "—"]);
});
