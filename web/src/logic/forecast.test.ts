// When it gets serious, said no more exactly than it is known.
import { expect, test } from "vitest";
import { about, beyondTrip, forecastText, outdatedAt, outlook } from "./forecast.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const now = Date.parse("2026-01-15T08:00:00Z");
const at = (minutes: number) => new Date(now + minutes * MINUTE).toISOString();
const forecast = (earliest: number, expected: number, latest: number | null) => ({
  threshold: 7.1, from: at(0), earliest: at(earliest), expected: at(expected), latest: latest === null ? null : at(latest),
});

test("a stretch ahead has no more digits than a forecast can mean", () => {
  const stretches = [20_000, 7.4 * MINUTE, 43 * MINUTE, 63 * MINUTE, 3.36 * HOUR, 20.4 * HOUR, 30 * 24 * HOUR, 200 * 24 * HOUR, 900 * 24 * HOUR];
  expect(stretches.map(about)).toEqual(["a minute", "7 min", "45 min", "1 h 5 min", "3 h 20 min", "20 h", "30 days", "7 months", "more than a year"]);
});

test("a forecast with both ends names the span", () => {
  expect(forecastText("Vibration", "mm/s", forecast(120, 200, 420), now)).toBe("Vibration reaches 7.10 mm/s in about 3 h 20 min; between 2 h and 7 h.");
});

test("a forecast without an end says that it may never come", () => {
  expect(forecastText("Vibration", "mm/s", forecast(120, 200, null), now)).toBe("Vibration reaches 7.10 mm/s in about 3 h 20 min; at the earliest in 2 h, perhaps never.");
});

test("time that has passed since is taken off, and a moment that has passed is not announced", () => {
  expect(forecastText("Flow", "l/min", forecast(120, 200, 420), now + 130 * MINUTE)).toBe("Flow reaches 7.10 l/min in about 1 h 10 min; at any moment from now, in 4 h 50 min at the latest.");
  expect(forecastText("Flow", "", forecast(120, 200, 420), now + 240 * MINUTE)).toBe("Flow may have reached 7.10 by now; in 3 h at the latest.");
  expect(forecastText("Flow", "", forecast(120, 200, null), now + 240 * MINUTE)).toBe("Flow may have reached 7.10 by now.");
});

test("all stretches share one scale that the last end fits on", () => {
  const { end, stretches } = outlook([forecast(60, 120, 240), forecast(120, 180, 480)], now);
  expect(end).toBe(8 * HOUR);
  expect(stretches[0]).toEqual({ earliest: 0.125, expected: 0.25, latest: 0.5, open: false });
});

test("what comes much later than the first goes off the scale instead of crushing it", () => {
  const { end, stretches } = outlook([forecast(30, 60, 90), forecast(6_000, 9_000, 12_000)], now);
  expect(end).toBe(10 * HOUR);
  expect(stretches[1]).toEqual({ earliest: 1, expected: 1, latest: 1, open: true });
});

test("a stretch without an end reaches the edge of the scale", () => {
  expect(outlook([forecast(60, 120, null)], now).stretches[0]).toMatchObject({ latest: 1, open: true });
});

test("a forecast is outdated once half of the soonest stretch has passed", () => {
  expect(outdatedAt([])).toBeNull();
  expect(outdatedAt([forecast(60, 120, 240), forecast(10, 40, 90)])).toBe(now + 20 * MINUTE);
});

test("a signal that is beyond its trip already is told, though nothing is forecast of it any more", () => {
  const signals = [{ id: "vibration", trip: { low: null, high: 7.1 } }, { id: "flow", trip: { low: 20, high: null } }, { id: "speed", trip: null }, { id: "temperature", trip: { low: null, high: 90 } }];
  const values = new Map([["vibration", 8.4], ["flow", 12], ["speed", 9_000], ["temperature", 95]]);
  const found = beyondTrip(signals, (id) => values.get(id) ?? null, ["temperature"]);
  expect(found.map(({ signal, above, trip }) => [signal.id, above, trip])).toEqual([["vibration", true, 7.1], ["flow", false, 20]]);
  expect(beyondTrip(signals, () => null, [])).toEqual([]);
});
