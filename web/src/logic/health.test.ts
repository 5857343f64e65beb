// What is not well stands first, and one sentence says whether to read on.
import { expect, test } from "vitest";
import { healthLine, partGroups } from "./health.ts";

const part = (name: string, ok = true) => ({ name, ok });

test("parts stand in their groups, the unwell first", () => {
  const groups = partGroups([part("monitor"), part("collector plc-1"), part("collector plc-2", false), part("outbox demo")]);
  expect(groups.map(({ title, parts }) => [title, parts.map(({ name }) => name)])).toEqual([
    ["Collectors", ["collector plc-2", "collector plc-1"]],
    ["What leaves the house", ["outbox demo"]],
    ["Parts", ["monitor"]],
  ]);
});

test("one sentence says whether to read on", () => {
  expect(healthLine([part("monitor")], 3, 0)).toBe("All is well.");
  expect(healthLine([part("monitor"), part("collector", false)], 5_000, 1)).toBe("1 of 2 parts not well; the views are 5000 records behind; 1 stream set aside.");
});
