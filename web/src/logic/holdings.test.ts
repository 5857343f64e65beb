// A reservation that counts in several budgets is one line.
import { expect, test } from "vitest";
import { aboutOf, holdingsOf, laneText } from "./holdings.ts";

const held = { agent: "svc-weaver", tokens: 900, since: "2026-11-26T14:03:00Z", until: "2026-11-26T14:13:00Z", lane: "ORDINARY" as const, about: "case/7", dispatched: true };
const older = { ...held, agent: "agent-coder", since: "2026-11-26T14:01:00Z" };

test("it names all that it counts in, and the longest held stands first", () => {
  const holdings = holdingsOf([
    { partition: "ledger/demo", scope: "site", held: [held, older] },
    { partition: "ledger/demo", scope: "agent/svc-weaver", held: [held] },
    { partition: "ledger/demo", scope: "provider/local", held: [older, held] },
  ]);
  expect(holdings.map(({ agent, site, scopes }) => ({ agent, site, scopes }))).toEqual([
    { agent: "agent-coder", site: "demo", scopes: ["Everything on the site", "Local"] },
    { agent: "svc-weaver", site: "demo", scopes: ["Everything on the site", "Weaver", "Local"] },
  ]);
});

test("two alike in one budget are two, and the same on another partition is another", () => {
  expect(holdingsOf([{ partition: "ledger/demo", scope: "site", held: [held, held] }])).toHaveLength(2);
  expect(holdingsOf([{ partition: "ledger/demo", scope: "site", held: [held] }, { partition: "ledger/_platform", scope: "platform", held: [held] }]).map((one) => one.site)).toEqual([null, "demo"]);
});

test("what it is about leads to a case", () => {
  expect([aboutOf("case/7"), aboutOf("task/a/b"), aboutOf("case/"), aboutOf("budget/x"), aboutOf(null)]).toEqual([{ kind: "case", id: "7" }, { kind: "task", id: "a/b" }, null, null, null]);
  expect([laneText("ORDINARY"), laneText("CRITICAL")]).toEqual([null, "critical case"]);
});
