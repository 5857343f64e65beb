// Alarms: who comes first, what may be done, how well they serve; and limits that were moved.
import { expect, test } from "vitest";
import type { Alarm } from "../api/alarms.ts";
import { figureText, lastDay, severityShares } from "./alarm-figures.ts";
import { deedsOn, detectorText, nextShelfEnd, ofState, STATES } from "./alarms.ts";
import { openCasesOf } from "./cases.ts";
import { movedLimits, undoneFactor } from "./thresholds.ts";

const alarm = (asset: string, severity: Alarm["severity"], raisedAt: string, state: Alarm["state"] = "UNACKNOWLEDGED"): Alarm => ({
  site: "s", asset, detector: "drift", state, severity, raisedAt, raised: 1, changedAt: raisedAt, acknowledgedBy: null, shelvedUntil: null, silencedBy: null, reason: null, evidence: [],
});

test("what nobody has seen comes first and what is over last", () => {
  expect(STATES.map((told) => told.state)).toEqual([
    "UNACKNOWLEDGED", "RETURNED_UNACKNOWLEDGED", "ACKNOWLEDGED", "SHELVED", "SUPPRESSED_BY_DESIGN", "OUT_OF_SERVICE", "NORMAL",
  ]);
});

test("of one state the worst comes first and then the latest", () => {
  const rows = [alarm("a", "LOW", "2026-01-03"), alarm("b", "CRITICAL", "2026-01-01"), alarm("c", "CRITICAL", "2026-01-02"), alarm("d", "HIGH", "2026-01-09", "NORMAL")];
  expect(ofState(rows, "UNACKNOWLEDGED").map((row) => row.asset)).toEqual(["c", "b", "a"]);
});

test("what is seen or quiet cannot be acknowledged, and what is out of service only be returned", () => {
  expect(STATES.filter((told) => deedsOn(told.state).includes("acknowledge")).map((told) => told.state)).toEqual(["UNACKNOWLEDGED", "RETURNED_UNACKNOWLEDGED"]);
  expect(deedsOn("OUT_OF_SERVICE")).toEqual(["return"]);
  expect(deedsOn("SHELVED")).toContain("unshelve");
});

test("a detector that the page does not know is called by its own word", () => {
  expect([detectorText("mewma").name, detectorText("level_shift").name]).toEqual(["Unusual together", "Level shift"]);
});

test("the list is asked again when the first shelf ends", () => {
  const now = Date.parse("2026-01-15T08:00:00Z");
  const shelved = (until: string) => ({ state: "SHELVED" as const, shelvedUntil: until });
  expect(nextShelfEnd([shelved("2026-01-15T09:00:00Z"), shelved("2026-01-15T08:15:00Z")], now)).toBe(15 * 60_000);
  expect(nextShelfEnd([shelved("2026-01-15T07:00:00Z")], now)).toBe(0);
  expect(nextShelfEnd([{ state: "NORMAL", shelvedUntil: "2026-01-15T08:15:00Z" }], now)).toBeNull();
});

const figure = (code: string, name: string, value: number | null, target: number, unit = "") => ({ code, name, value, target, unit, met: value === null || value <= target });

test("a figure is read with its unit, its target and whether that is met", () => {
  expect(figureText(figure("rate", "alarms an hour", 1.54, 6, "1/h"))).toEqual({ name: "Alarms an hour", value: "1.5", target: "at most 6", verdict: "met", said: "met" });
  expect(figureText(figure("chattering", "chattering alarms", 2, 0))).toMatchObject({ value: "2", target: "none", verdict: "missed", said: "not met" });
});

test("a figure that says nothing yet is neither met nor missed", () => {
  expect(figureText(figure("acknowledge", "median time to acknowledge", null, 10, "min"))).toMatchObject({ value: "—", verdict: "unknown", said: "none acknowledged" });
  expect(figureText(figure("top_ten", "share of the ten most frequent", null, 5, "%"))).toMatchObject({ verdict: "unknown", said: "too few to say" });
});

test("high and critical alarms share one target", () => {
  const shares = severityShares([["LOW", 0.5], ["MEDIUM", 0.25], ["HIGH", 0.125], ["CRITICAL", 0.125]].map(([severity, share]) => ({ severity, share }) as never));
  expect(shares.map((one) => [one.name, one.share, one.target])).toEqual([["Low", 0.5, 0.8], ["Medium", 0.25, 0.15], ["High and critical", 0.25, 0.05]]);
});

test("the last day of plant time ends just behind the newest reading", () => {
  expect(lastDay(Date.parse("2026-01-15T08:00:00Z"))).toEqual({ from: "2026-01-14T08:00:00.001Z", to: "2026-01-15T08:00:00.001Z" });
});

test("limits that are the configured ones again are not called moved", () => {
  expect([movedLimits(null), movedLimits({ factor: 1 }), movedLimits({ factor: 1.3225 })]).toEqual([null, null, "× 1.32"]);
});

test("undoing takes one step back from outcomes and goes back to the configuration from a person", () => {
  expect(undoneFactor({ was: 1.15, by: "svc-feedback" })).toBe(1.15);
  // Or undoing twice would redo it.
  expect(undoneFactor({ was: 1.15, by: "maria" })).toBe(1);
});

test("a case that was closed since, or opened since, is told of its machine as it is now", () => {
  const row = (id: string, status: "OPEN" | "CLOSED", changedAt: string) => ({ id, site: "s", assetId: "p", status, openedAt: "2026-01-01", changedAt });
  const asset = { id: "p", site: "s", openCases: [row("1", "OPEN", "2026-01-01")] };
  const changed = new Map([["1", row("1", "CLOSED", "2026-01-02")], ["2", row("2", "OPEN", "2026-01-02")], ["3", { ...row("3", "OPEN", "2026-01-02"), assetId: "q" }]]);
  expect(openCasesOf(asset, changed).map((open) => open.id)).toEqual(["2"]);
});
