// A past that is still being folded is no failure; other noes are told by their codes.
import { expect, test } from "vitest";
import { problemOf } from "./problem.ts";
import { askAgainAfterMs, codeOf, replayingOf } from "./refusal.ts";

const error = (code: string, more: object = {}, message = "said") => ({ graphQLErrors: [{ message, extensions: { code, ...more } }] });

test("a replay says how far it is and when to ask again", () => {
  expect(replayingOf(error("STILL_REPLAYING", { done: 4, of: 10, etaS: 2 }))).toEqual({ done: 4, of: 10, etaS: 2 });
  expect(replayingOf(error("BAD_INPUT"))).toBeNull();
  expect([askAgainAfterMs({ done: 0, of: 1, etaS: null }), askAgainAfterMs({ done: 0, of: 1, etaS: 0 }), askAgainAfterMs({ done: 0, of: 1, etaS: 90 })]).toEqual([1_000, 500, 3_000]);
});

test("each no says what to do next", () => {
  expect(codeOf(error("NOT_ALLOWED"))).toBe("NOT_ALLOWED");
  expect(problemOf(error("NOT_ALLOWED", {}, "this takes the role operator on demo"))).toBe("You may not do this: this takes the role operator on demo. An admin can give you the role under System, Access.");
  expect(problemOf(error("NOT_TEMPORAL"))).toContain("Go back to now");
  expect(problemOf(error("NOT_SIGNED_IN"))).toContain("Sign in");
  expect(problemOf(error("BAD_INPUT", {}, "the past begins on Monday"))).toBe("Millwright could not answer: the past begins on Monday");
});
