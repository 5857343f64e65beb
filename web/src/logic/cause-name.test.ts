// Causes are known in any spelling, new ones are told as new, and what cannot be a name is said in words.
import { expect, test } from "vitest";
import { causeOf, knownCauses } from "./cause-name.ts";

const known = ["bearing_wear", "seal-leak"];

test("a known cause is found however it is spelt, and keeps its own name", () => {
  for (const typed of ["bearing_wear", " Bearing wear", "BEARING-WEAR"]) expect(causeOf(typed, known)).toEqual({ cause: "bearing_wear", isNew: false });
  expect(causeOf("Seal-leak", known)).toEqual({ cause: "seal-leak", isNew: false });
});

test("a name that nobody knows is a new cause, and no name is none", () => {
  expect(causeOf("Worn coupling 2", known)).toEqual({ cause: "worn_coupling_2", isNew: true });
  expect(causeOf("  ", known)).toEqual({ cause: null, isNew: false });
});

test("what cannot be a name is said in words, with the signs that have no place in it", () => {
  const wrong = (typed: string) => {
    const said = causeOf(typed, known);
    return "wrong" in said ? said.wrong : "";
  };
  expect(wrong("worn_coupling!")).toBe("The name of a cause has letters from a to z, digits and spaces, as in “worn coupling”. There is no place in it for “!”: leave it out, and say more in the note.");
  expect(wrong("Lager über 😀")).toContain("“ü” and “😀”: leave them out");
  expect(wrong("_coupling")).toContain("begins with a letter or a digit");
  expect(wrong("x".repeat(97))).toContain("96 characters at most");
});

test("cases name causes of their own, by diagnosis and by what was found", () => {
  const rows = [{ diagnosis: { cause: "worn_coupling" }, outcome: { trueCause: "loose_bolt" } }, { diagnosis: null, outcome: null }];
  const causes = knownCauses(rows, ["bearing_wear"]);
  expect(causes).toEqual(expect.arrayContaining(["worn_coupling", "loose_bolt"]));
  expect(causes.filter((cause) => cause === "bearing_wear")).toHaveLength(1);
});
