// Addresses of the page, places of the plant, stretches of time, lists of cases, causes and markers.
import { expect, test } from "vitest";
import { mergedCases, newer } from "./cases.ts";
import { causesOf } from "./causes.ts";
import { markersOf } from "./markers.ts";
import { trust } from "./quality.ts";
import { href, isUuid, paramsOf, parseRoute, pathOf, withParams } from "./route.ts";
import { caseSpan } from "./span.ts";
import { byPlace } from "./tree.ts";
import { signalName } from "./words.ts";

test("every address that the page makes leads back to its place", () => {
  expect(parseRoute(href.case("0190/ä b"))).toEqual({ screen: "case", id: "0190/ä b" });
  expect(parseRoute(href.auditOf("signal/pump-1/flow"))).toEqual({ screen: "audit", stream: "signal/pump-1/flow" });
  expect(["", "#/", href.plant].map((hash) => parseRoute(hash).screen)).toEqual(["plant", "plant", "plant"]);
  expect([href.alarms, href.outbox, href.people, href.days, href.system].map((hash) => parseRoute(hash).screen)).toEqual(["alarms", "outbox", "people", "days", "system"]);
  expect(parseRoute(href.asset("demo", "pump/1"))).toEqual({ screen: "asset", site: "demo", asset: "pump/1" });
  expect(parseRoute(href.signal("demo", "pump-1/flow"))).toEqual({ screen: "signal", site: "demo", signal: "pump-1/flow" });
  expect(parseRoute("#/nowhere%E0%A4%A").screen).toBe("unknown");
});

test("a case can only have a name that the server reads as one", () => {
  expect(["01983a7e-5c1b-7d42-9e8f-3b6a2c4d5e6f", "01983A7E5C1B7D429E8F3B6A2C4D5E6F"].map(isUuid)).toEqual([true, true]);
  expect(["nope", "", "01983a7e-5c1b-7d42-9e8f-3b6a2c4d5e6", "01983a7e-5c1b-7d42-9e8f-3b6a2c4d5e6f/x"].map(isUuid)).toEqual([false, false, false, false]);
});

test("what a screen is filtered by stands behind its place and makes no other place of it", () => {
  const filtered = withParams(href.cases, { site: "demo", asset: "a b", status: null });
  expect(filtered).toBe("#/cases?site=demo&asset=a+b");
  expect([parseRoute(filtered).screen, pathOf(filtered), paramsOf(filtered).get("asset")]).toEqual(["cases", "#/cases", "a b"]);
  expect(withParams(filtered, { site: null, asset: "" })).toBe("#/cases");
});

test("assets stand in their areas and lines in the plant's own order", () => {
  const assets = [["b", "2"], ["a", "1"], ["b", "1"], ["b", "2"]].map(([area = "", line = ""]) => ({ area, line }));
  const tree = byPlace(assets).map((area) => [area.name, area.lines.map((line) => [line.name, line.assets.length])]);
  expect(tree).toEqual([["b", [["2", 2], ["1", 1]]], ["a", [["1", 1]]]]);
});

test("two signals of one kind are told apart by their ids", () => {
  const both = [{ id: "p/drive_end", kind: "vibration" }, { id: "p/free_end", kind: "vibration" }, { id: "p/f", kind: "flow" }];
  expect(both.map((signal) => signalName(signal, both))).toEqual(["Drive end", "Free end", "Flow"]);
});

test("a good value is stale once its signal has long been silent", () => {
  expect([trust("GOOD", 29_000), trust("GOOD", 31_000), trust("BAD_DEVICE_FAULT", 0), trust(null, 0)].map((told) => told.level)).toEqual(["good", "stale", "bad", "none"]);
});

test("a case's curves begin before it and get coarser as it lasts", () => {
  const opened = "2026-01-15T08:00:00Z";
  const start = Date.parse(opened);
  const short = caseSpan(opened, null, start + 10 * 60_000);
  expect([start - short.from, short.resolution]).toEqual([15 * 60_000, "S10"]);
  expect(caseSpan(opened, null, start + 9 * 3_600_000).resolution).toBe("M1");
  expect(caseSpan(opened, null, start + 30 * 86_400_000).resolution).toBe("H1");
});

test("of two views of a case the newer is shown, and each case once", () => {
  const row = (id: string, status: "OPEN" | "CLOSED", changed: number) => ({ id, status, openedAt: `2026-01-0${id}T00:00:00Z`, changedAt: new Date(changed).toISOString() });
  const listed = [row("1", "OPEN", 10), row("2", "OPEN", 10)];
  const pushed = new Map([["1", row("1", "CLOSED", 20)], ["3", row("3", "OPEN", 5)]]);
  expect(mergedCases(listed, pushed, "OPEN").map((one) => one.id)).toEqual(["3", "2"]);
  expect(mergedCases(listed, pushed, "CLOSED").map((one) => one.id)).toEqual(["1"]);
  expect(newer(row("1", "CLOSED", 20), row("1", "OPEN", 10)).status).toBe("CLOSED");
});

test("a fact names the fact that led to it, if that one is on the timeline", () => {
  const timeline = [{ partition: "p", seq: 4, id: "a", causation: "elsewhere" }, { partition: "p", seq: 7, id: "b", causation: "a" }];
  expect([...causesOf(timeline)]).toEqual([["p:7", timeline[0]]]);
});

test("a fact late in a long timeline names its cause as the first ones do", () => {
  const timeline = Array.from({ length: 300 }, (_, seq) => ({ partition: "p", seq, id: `fact ${seq}`, causation: seq === 0 ? null : `fact ${seq - 1}` }));
  const causes = causesOf(timeline);
  expect(causes.size).toBe(299);
  expect(causes.get("p:299")).toBe(timeline[298]);
});

test("the first alert, the actions and the outcome are marked on the curves", () => {
  const fact = (kind: string, second: number) => ({ kind, occurredAt: new Date(second * 1_000).toISOString() });
  const markers = markersOf([fact("AlertRaised", 1), fact("AlertRaised", 2), fact("ActionApproved", 3), fact("ActionCompleted", 4), fact("OutcomeRecorded", 5)]);
  expect(markers).toEqual([{ at: 1_000, kind: "alert" }, { at: 4_000, kind: "action" }, { at: 5_000, kind: "outcome" }]);
});
