// Who is not let in is told why and what to do; roles are said in words.
import { expect, test } from "vitest";
import { arrivalText, entryText, grantText, noRoleText, passwordProblem, refusedText, sameGrant } from "./access.ts";

test("a refusal says what to do next and nothing about which half was wrong", () => {
  expect(refusedText({ code: "SIGN_IN_REFUSED", message: "", retryAfterS: null })).toContain("do not belong together");
  expect(refusedText({ code: "TOO_MANY_TRIES", message: "", retryAfterS: 45 })).toBe("Too many tries. Try again in 45 s.");
  expect(refusedText({ code: "TOO_MANY_TRIES", message: "", retryAfterS: 400 })).toContain("7 min");
  expect(refusedText({ code: "BAD_INPUT", message: "too short", retryAfterS: null })).toBe("too short");
});

test("who comes back from elsewhere and is not let in is told what to do, and nothing that an address made up", () => {
  expect(arrivalText("no-role")).toContain("Ask an admin");
  expect(arrivalText("stale")).toContain("Begin again");
  expect(arrivalText("<b>pay here</b>")).not.toContain("pay");
  for (const said of ["no-role", "refused", "stale", "away", "invalid", "too-many", "unknown", "failed"]) expect(arrivalText(said).length).toBeGreaterThan(40);
});

test("a role is said with its place", () => {
  expect(grantText({ role: "ADMIN", site: null, area: null })).toBe("Admin everywhere");
  expect(grantText({ role: "OPERATOR", site: "demo", area: "Filling" })).toBe("Operator at demo, area Filling");
  expect(sameGrant({ role: "ADMIN", site: null, area: null }, { role: "ADMIN", site: "demo", area: null })).toBe(false);
});

test("a new password is long, new and said twice", () => {
  expect(passwordProblem("old", "short", "short")).toContain("at least 12");
  expect(passwordProblem("the same as before", "the same as before", "the same as before")).toBe("That is the one you have.");
  expect(passwordProblem(null, "four words in a row", "four words in row")).toContain("do not say the same");
  expect(passwordProblem("old", "four words in a row", "four words in a row")).toBeNull();
});

test("where nobody has to sign in, nobody is said to be shut out", () => {
  expect([noRoleText("sign-in"), noRoleText("local")]).toEqual(["no role: may not even look", "no role yet"]);
  const person = { isProgram: false, hasPassword: false };
  expect([entryText(person, "sign-in"), entryText(person, "local")]).toEqual(["has no password", "has no password yet, and needs none here"]);
  expect(entryText({ isProgram: true, hasPassword: false }, "local")).toBe("a program: may never approve");
  expect(entryText({ isProgram: false, hasPassword: true }, "local")).toBe("has not signed in yet");
});
