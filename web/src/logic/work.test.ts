import { expect, test } from "vitest";
import { byAgentAndModel, byDay, trendText } from "./work.ts";

const day = (date: string, agent: string, model: string | null, cost: number) => ({
  day: `${date}T00:00:00Z`, agent, model, sums: { tokens: { total: 10 }, calls: 1, errors: 0, costNanoDollars: cost },
});
const days = [day("2026-02-01", "svc-weaver", "m", 5), day("2026-02-03", "svc-weaver", "m", 7), day("2026-02-03", "agent-coder", null, 20)];

test("costs are summed by agent and model, the dearest first", () => {
  expect(byAgentAndModel(days).map(({ agent, calls, costNanoDollars }) => [agent, calls, costNanoDollars])).toEqual([["agent-coder", 1, 20], ["svc-weaver", 2, 12]]);
});

test("a day without any cost stands between the others", () => {
  expect(byDay(days, 3).map((one) => one.costNanoDollars)).toEqual([5, 0, 27]);
});

test("a trend is said in money a day, or that there is none yet", () => {
  expect(trendText(null)).toContain("not days enough");
  expect(trendText(2e9)).toBe("Each day costs $2.00 more than the day before, along a straight line.");
  expect(trendText(-0.2)).toContain("stays the same");
});
