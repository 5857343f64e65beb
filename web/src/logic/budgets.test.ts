// What a budget's bar shows is what its figures say.
import { expect, test } from "vitest";
import { barOf, grouped, keptText, kindOf, scopeName, siteOf, stateText, unlimitedText, windowText } from "./budgets.ts";

test("used and held fill the bar together and no more than the whole", () => {
  expect(barOf({ limit: 1000, settled: 600, held: 100, remaining: 300, warned: false })).toEqual({ used: 0.6, held: 0.1, kept: 0, state: "free" });
  expect(barOf({ limit: 1000, settled: 850, held: 300, remaining: 0, warned: true })).toMatchObject({ held: expect.closeTo(0.15), state: "over" });
  expect(barOf({ limit: 1000, settled: 850, held: 0, remaining: 150, warned: true }).state).toBe("near");
  expect(barOf({ limit: 0, settled: 0, held: 0, remaining: 0, warned: false })).toEqual({ used: 1, held: 0, kept: 0, state: "over" });
});

test("what is kept is what ordinary calls wait before", () => {
  const near = { limit: 1000, settled: 790, held: 10, remaining: 200, warned: false };
  expect(barOf(near, 20)).toMatchObject({ kept: 0.2, state: "ordinary" });
  expect(barOf({ ...near, held: 9, remaining: 201 }, 20).state).toBe("free");
  expect(barOf({ ...near, remaining: 0 }, 20).state).toBe("over");
  expect(stateText({ scope: "site", keptPercent: 20 }, near)).toBe("Ordinary calls wait; critical cases go on");
  expect(stateText({ scope: "task/x", keptPercent: 20 }, near)).toBe("Only its last call may still go");
  expect(stateText({ scope: "site", keptPercent: 0 }, near)).toBeNull();
  expect(keptText({ scope: "site", keptPercent: 20 })).toBe("20 % of each limit is kept for critical cases.");
  expect(keptText({ scope: "task/x", keptPercent: 15 })).toBe("15 % of each limit is kept for its last call, that writes down what there is.");
  expect(keptText({ scope: "site", keptPercent: 0 })).toBeNull();
});

test("the same is said in words", () => {
  expect(windowText({ limit: 20_000, settled: 1_200, held: 300, remaining: 18_500 })).toBe("1,200 of 20,000 used, 300 held for calls under way; 18,500 left");
  expect(windowText({ limit: 10, settled: 12, held: 0, remaining: 0 })).toBe("12 of 10 used; nothing left");
  expect(unlimitedText({ settled: 61_300, held: 2_000 })).toBe("61,300 used, 2,000 held for calls under way; no limit");
});

test("a budget is a site's or the platform's", () => {
  expect([siteOf({ partition: "ledger/demo" }), siteOf({ partition: "ledger/_platform" })]).toEqual(["demo", null]);
});

test("scopes are called by what they are for", () => {
  const scopes = ["platform", "site", "agent/svc-manual-hunter", "task/0198f2c4-6a52-7d31-9c7e-3b1f2a4d5e60", "provider/local", "reports", "agent", "site/x"];
  expect(scopes.map(kindOf)).toEqual(["platform", "site", "agents", "tasks", "providers", "others", "others", "others"]);
  expect(scopes.map(scopeName).slice(0, 6)).toEqual(["Everything on all sites", "Everything on the site", "Manual hunter", "Task …4d5e60", "Local", "Reports"]);
});

test("the widest stands first, and of each kind what holds something, then what is nearly used up", () => {
  const one = (scope: string, settled: number, held = 0) => ({
    scope, isUnlimited: false, windows: [{ window: "DAY" as const, limit: 100, settled, held, remaining: 100 - settled - held, warned: false, toldPercent: 0, resetsAt: null }],
    held: held > 0 ? [{ agent: "a", tokens: held, since: "", until: "", lane: "ORDINARY" as const, about: null, dispatched: false }] : [],
  });
  const groups = grouped([one("agent/a", 10), one("agent/b", 90), one("agent/c", 0, 5), one("site", 1), one("platform", 0)]);
  expect(groups.map((group) => [group.kind, group.budgets.map((budget) => budget.scope)])).toEqual([
    ["platform", ["platform"]],
    ["site", ["site"]],
    ["agents", ["agent/c", "agent/b", "agent/a"]],
  ]);
});
