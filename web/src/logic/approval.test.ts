// Whose yes it takes, and what may be wanted in a proposal's place.
import { expect, test } from "vitest";
import type { Signal } from "../api/fragments.ts";
import { askedText, riskOf, shortApproval, tallyOf } from "./approval.ts";
import { bytesOf } from "./bytes.ts";
import { judged, otherActions, stepWarning, valueChoice } from "./instead.ts";

const high = (yes: string[], yesNeeded = 2) => ({ risk: "HIGH" as const, yesNeeded, yes });

test("risk is said in words, with how many persons it takes", () => {
  expect(riskOf({ risk: "MEDIUM", yesNeeded: 1 })).toEqual({ name: "Medium risk", takes: "One person's yes is enough." });
  expect(riskOf(high([])).takes).toBe("It takes the yes of 2 persons, given on this page and not in a chat.");
});

test("each yes is counted with its person and what is missing is said", () => {
  expect(tallyOf(high([]))).toMatchObject({ given: 0, said: "0 of 2 said yes", missing: "The yes of 2 persons is missing." });
  expect(tallyOf(high(["ann"]))).toMatchObject({ given: 1, said: "1 of 2 said yes: ann", missing: "One more person's yes is missing." });
  expect(tallyOf(high(["ann", "bob"]))?.missing).toBe("");
  expect(shortApproval(high(["ann"]))).toBe("High risk · 1 of 2 said yes: ann");
});

test("where one yes is enough nothing is counted", () => {
  expect(tallyOf({ yes: [], yesNeeded: 1 })).toBeNull();
});

test("what was done to get an answer is told, and nothing where nothing was", () => {
  expect(askedText({ alsoAsked: ["nora", "kim"], reminders: 2, escalations: 1 })).toEqual([
    "Also asked: nora, kim.", "Passed on once, because nobody had answered.", "Reminded twice.",
  ]);
  expect(askedText({ alsoAsked: [], reminders: 0, escalations: 0 })).toEqual([]);
});

const setpoint = { id: "p/speed_setpoint", unit: "rpm", writable: { rated: 1450, maxStep: 600, limits: { low: 600, high: 1500 } } } as Pick<Signal, "id" | "unit" | "writable">;
const write = { device: "plc", signal: setpoint.id, value: 870, unit: "rpm", tolerance: 5 };
const choice = valueChoice({ write }, [setpoint]);
if (choice === null) throw new Error("the setpoint may be written");

test("another value can be wanted only of a write to a signal that may be written", () => {
  expect(choice.hint).toBe("600 to 1500 rpm; rated 1450 rpm");
  expect([valueChoice({ write: null }, [setpoint]), valueChoice({ write }, []), valueChoice({ write }, [{ ...setpoint, writable: null }])]).toEqual([null, null, null]);
});

test("a value is a number within the limits, and another than the proposed one", () => {
  expect(judged(" 900,5 ", choice)).toEqual({ value: 900.5 });
  expect([judged("", choice), judged("fast", choice), judged("1e999", choice)]).toEqual(Array(3).fill({ wrong: "Write a number in rpm." }));
  expect([judged("599", choice), judged("\u2212700", choice)]).toEqual(Array(2).fill({ wrong: "Only 600 to 1500 rpm is allowed." }));
  expect(judged("870", choice)).toEqual({ wrong: "That is what is proposed already." });
  expect(judged("600", choice)).toEqual({ value: 600 });
});

test("a step that one write may not take is warned of, where the present value is known", () => {
  expect(stepWarning(800, 1450, choice)).toContain("one write may change it by 600 rpm at most");
  expect([stepWarning(850, 1450, choice), stepWarning(800, null, choice)]).toEqual([null, null]);
});

test("other actions are those that the diagnosis suggests, each once and without the proposed one", () => {
  expect(otherActions({ name: "slow_down" }, ["slow_down", "stop", "notify", "stop"])).toEqual(["stop", "notify"]);
});

test("bytes are shown in pairs and counted, and what is none is shown as it is", () => {
  expect(bytesOf("0007AB")).toEqual({ count: "3 bytes", pairs: "00 07 ab" });
  expect(bytesOf("<b>")).toEqual({ count: "", pairs: "<b>" });
});
