// What a budget's bar shows is what its figures say.
import { expect, test } from "vitest";
import { barOf, siteOf, windowText } from "./budgets.ts";

test("used and held fill the bar together and no more than the whole", () => {
  expect(barOf({ limit: 1000, settled: 600, held: 100, remaining: 300, warned: false })).toEqual({ used: 0.6, held: 0.1, state: "free" });
  expect(barOf({ limit: 1000, settled: 850, held: 300, remaining: 0, warned: true })).toMatchObject({ held: expect.closeTo(0.15), state: "over" });
  expect(barOf({ limit: 1000, settled: 850, held: 0, remaining: 150, warned: true }).state).toBe("near");
  expect(barOf({ limit: 0, settled: 0, held: 0, remaining: 0, warned: false })).toEqual({ used: 1, held: 0, state: "over" });
});

test("the same is said in words", () => {
  expect(windowText({ limit: 20_000, settled: 1_200, held: 300, remaining: 18_500 })).toBe("1,200 of 20,000 used, 300 held for calls under way; 18,500 left");
  expect(windowText({ limit: 10, settled: 12, held: 0, remaining: 0 })).toBe("12 of 10 used; nothing left");
});

test("a budget is a site's or the platform's", () => {
  expect([siteOf({ partition: "ledger/demo" }), siteOf({ partition: "ledger/_platform" })]).toEqual(["demo", null]);
});
