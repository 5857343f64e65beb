// What the crew writes is laid out as it was meant, and never taken for markup.
import { expect, test } from "vitest";
import { blocksOf, firstLine } from "./report.ts";

const BY_RULES = `Pump P-101: bearing_wear, 87 % sure. It sounds <b>rough</b>.

Triage
Bearing wear. Look at, in this order:
1. Listen at the drive end.
2. Take a grease sample.

Manual hunter
Two places say so.
  Norvik NP-40 p. 31: “Replace above 7.1 mm/s.”

Not heard in time: Cartographer.`;

test("a report by rules has a heading for each of the crew, its steps as a list, and its lines as they stand", () => {
  expect(blocksOf(BY_RULES, ["Triage", "Manual hunter"])).toEqual([
    { kind: "text", lines: ["Pump P-101: bearing_wear, 87 % sure. It sounds <b>rough</b>."] },
    { kind: "head", text: "Triage" },
    { kind: "text", lines: ["Bearing wear. Look at, in this order:"] },
    { kind: "steps", start: 1, items: ["Listen at the drive end.", "Take a grease sample."] },
    { kind: "head", text: "Manual hunter" },
    { kind: "text", lines: ["Two places say so.", "Norvik NP-40 p. 31: “Replace above 7.1 mm/s.”"] },
    { kind: "text", lines: ["Not heard in time: Cartographer."] },
  ]);
});

test("a name in the middle of a text is no heading", () => {
  expect(blocksOf("They asked\nTriage", ["Triage"])).toEqual([{ kind: "text", lines: ["They asked", "Triage"] }]);
});

test("what a model writes as a list goes on over blank lines and keeps what stands under a step", () => {
  expect(blocksOf("## Steps\n1) Lock out.\n   Tag it, too.\n\n2) Open the cover.\n\n1. Begin anew.\n\n- a\n- b")).toEqual([
    { kind: "head", text: "Steps" },
    { kind: "steps", start: 1, items: ["Lock out.\nTag it, too.", "Open the cover."] },
    { kind: "steps", start: 1, items: ["Begin anew."] },
    { kind: "points", items: ["a", "b"] },
  ]);
});

test("what is cited under a list is none of its steps", () => {
  expect(blocksOf("1. Look.\n  Manual p. 4: “Look.”").map((block) => block.kind)).toEqual(["steps", "text"]);
});

test("figures are no steps", () => {
  expect(blocksOf("1450 rpm\n7.1 mm/s")).toEqual([{ kind: "text", lines: ["1450 rpm", "7.1 mm/s"] }]);
});

test("the first line says what it is about", () => {
  expect([firstLine("\nA bearing wears.\nMore."), firstLine("")]).toEqual(["A bearing wears.", ""]);
});
