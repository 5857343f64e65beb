// How people are known outside, and whether what comes from there counts.
import { expect, test } from "vitest";
import type { Contact } from "../api/people.ts";
import { addressHelp, byPerson, contactStanding, howToSend, isProved, personProblem, takesCode, WAYS } from "./people.ts";
import { wayName, wayTitle } from "./ways.ts";

const contact = (person: string, way: string, more: Partial<Contact> = {}): Contact => ({
  person, way, addressHint: "…4711", proved: false, codeExpiresAt: null, changedAt: "2026-01-15T08:00:00Z", ...more,
});
const now = Date.parse("2026-01-15T08:00:00Z");

test("people come by name, each with all their ways", () => {
  const people = byPerson([contact("nora", "email"), contact("ann", "whatsapp"), contact("ann", "email")]);
  expect(people.map((one) => [one.person, one.contacts.map((known) => known.way)])).toEqual([["ann", ["email", "whatsapp"]], ["nora", ["email"]]]);
});

test("an address stands as proved, as waiting for its code, as written down or as none", () => {
  const state = (more: Partial<Contact>) => contactStanding(contact("ann", "email", more), now).state;
  expect(state({ proved: true, codeExpiresAt: "2026-01-15T08:05:00Z" })).toBe("proved");
  expect(state({ codeExpiresAt: "2026-01-15T08:05:00Z" })).toBe("coded");
  expect(state({ codeExpiresAt: "2026-01-15T07:59:00Z" })).toBe("plain");
  expect(state({ codeExpiresAt: "2026-01-15T07:59:00Z", addressHint: null })).toBe("lapsed");
  expect(state({ addressHint: null })).toBe("forgotten");
});

test("a code has come back once its address is proved anew, and a proof of before is none", () => {
  const code = { person: "ann", way: "whatsapp", expiresAt: "2026-01-15T08:10:00Z" };
  const known = (more: Partial<Contact>) => [contact("ann", "whatsapp", { proved: true, ...more })];
  expect(isProved(known({ changedAt: "2026-01-15T08:01:00Z" }), code)).toBe(true);
  expect(isProved(known({ changedAt: "2026-01-14T08:00:00Z" }), code)).toBe(false);
  expect(isProved(known({ codeExpiresAt: code.expiresAt }), code)).toBe(false);
  expect([isProved(null, code), isProved([], code)]).toEqual([false, false]);
});

test("a pseudonym is one that the server takes, or it is said what is wrong with it", () => {
  expect(["ann", "shift-2", "9_x"].map(personProblem)).toEqual([null, null, null]);
  expect(["", "Ann", "ann b", "_a", "a".repeat(97)].every((person) => personProblem(person) !== null)).toBe(true);
  expect(personProblem("svc-door")).toContain("parts of Millwright");
});

test("every way has a name, a help and something to do with a code, and a new one does, too", () => {
  for (const way of [...WAYS, "signal_app"]) expect([wayName(way), addressHelp(way), howToSend(way)].every((text) => text.length > 3)).toBe(true);
  expect([wayTitle("email"), wayTitle("whatsapp"), wayTitle("signal_app")]).toEqual(["Email", "WhatsApp", "Signal app"]);
});

test("a code is offered where one can come from and is not there yet", () => {
  expect(takesCode(contact("ann", "whatsapp"), now)).toBe(true);
  expect([contact("ann", "email"), contact("ann", "whatsapp", { proved: true }), contact("ann", "whatsapp", { addressHint: null })].map((one) => takesCode(one, now))).toEqual([false, false, false]);
});
