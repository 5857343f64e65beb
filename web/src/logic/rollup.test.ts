// A place stands as the worst machine below it.
import { expect, test } from "vitest";
import { caseStanding } from "./standing.ts";
import { rolledUp, treeOf } from "./rollup.ts";

const normal = { stood: { standing: "ok" as const, text: "Normal" }, severity: null };

test("what waits for a person is shown before what is merely open", () => {
  const rolled = rolledUp([normal, { stood: caseStanding("diagnosed"), severity: "CRITICAL" }, { stood: caseStanding("awaiting_approval"), severity: "LOW" }]);
  expect(rolled).toMatchObject({ stood: { standing: "ask" }, severity: "CRITICAL", abnormal: 2, total: 3 });
});

test("an area stands as its worst line, and one that is well says so", () => {
  const tree = treeOf([
    { area: "a", line: "1", ...normal },
    { area: "a", line: "2", stood: caseStanding("open"), severity: "HIGH" as const },
    { area: "b", line: "1", ...normal },
  ]);
  expect(tree.map((area) => [area.name, area.stood.standing, area.abnormal])).toEqual([["a", "alert", 1], ["b", "ok", 0]]);
  expect(tree[0]?.lines.map((line) => line.stood.standing)).toEqual(["ok", "alert"]);
});
