import { expect, test } from "vitest";
import { found } from "./inspections.ts";

const finding = { kind: "WRONG_FIGURE", urgent: true, what: "cases open", expected: "2", shown: "3" } as const;

test("an inspection says what it held against what, and what it found", () => {
  expect(found({ findings: [], more: 0, compared: 12, picture: "/inspections/1.png" })).toBe("12 figures, and the page held against the ledger: all right.");
  expect(found({ findings: [finding], more: 1, compared: 12, picture: null })).toBe("12 figures held against the ledger: 2 findings.");
  expect(found({ findings: [], more: 0, compared: 0, picture: null })).toMatch("made anew");
});
