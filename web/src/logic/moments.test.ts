// The slider's walk: forth and back by facts of weight, never out of the log, and on to now.
import { expect, test } from "vitest";
import { fieldOf, lastMoment, marksOf, momentsOf, nextMoment, ofField, placeOf, playedOn, within } from "./moments.ts";

const moments = momentsOf([
  { id: "b", kind: "ActionApproved", recordedAt: "2026-01-15T08:05:00Z", summary: "yes" },
  { id: "a", kind: "AlertRaised", recordedAt: "2026-01-15T08:00:00Z", summary: "drift" },
]);
const at = (minute: number) => Date.parse(`2026-01-15T08:0${minute}:00Z`);

test("facts of weight stand in their order and are told apart", () => {
  expect(moments.map(({ id, kind }) => [id, kind])).toEqual([["a", "alert"], ["b", "action"]]);
});

test("one steps to the next and the last fact of weight, and not on the spot", () => {
  expect(nextMoment(moments, at(0))?.id).toBe("b");
  expect(lastMoment(moments, at(5))?.id).toBe("a");
  expect([nextMoment(moments, at(5)), lastMoment(moments, at(0))]).toEqual([null, null]);
});

test("no step passes over what was not asked for", () => {
  const told = (minute: number, kind: string) => ({ id: `${kind}-${minute}`, kind, recordedAt: new Date(at(minute)).toISOString(), summary: "" });
  const alerts = { nodes: [told(6, "AlertRaised"), told(4, "AlertRaised")], pageInfo: { hasNextPage: true } };
  const stops = { nodes: [told(5, "KillSwitchEngaged"), told(1, "KillSwitchEngaged")], pageInfo: { hasNextPage: false } };
  expect(marksOf([alerts, stops])).toMatchObject({ since: at(4), moments: [{ at: at(4) }, { at: at(5) }, { at: at(6) }] });
  expect(marksOf([stops])).toMatchObject({ since: null, moments: [{ at: at(1) }, { at: at(5) }] });
});

test("nothing leads out of the log, and play ends at now", () => {
  const log = { first: at(0), last: at(9) };
  expect([within(log, 0), within(log, at(3)), within(log, Number.MAX_SAFE_INTEGER)]).toEqual([at(0), at(3), at(9)]);
  expect([placeOf(log, at(0)), placeOf(log, at(9)), placeOf(log, 0)]).toEqual([0, 1, null]);
  expect([playedOn(at(3), 60_000, at(9)), playedOn(at(8), 60_000, at(9))]).toEqual([at(4), null]);
});

test("a field says the same time as it was given", () => {
  expect(ofField(fieldOf(at(3)))).toBe(at(3));
  expect(ofField("")).toBeNull();
});
