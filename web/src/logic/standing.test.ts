// What one word says how an asset or a case stands.
import { expect, test } from "vitest";
import { assetStanding, caseStanding, isAway, worst } from "./standing.ts";

test("what needs a person stands before what runs by itself", () => {
  expect(assetStanding({ state: "FAULT" }, ["diagnosed", "acting", "awaiting_approval"]).standing).toBe("ask");
  expect(assetStanding({ state: "FAULT" }, ["diagnosed", "acting"]).standing).toBe("acting");
});

test("a locked machine is locked whatever its cases say", () => {
  expect(assetStanding({ state: "LOCKED_OUT" }, ["open"]).standing).toBe("locked");
});

test("a fault is never shown as normal, even before its cases are known", () => {
  expect(assetStanding({ state: "FAULT" }, []).standing).toBe("case");
  expect(assetStanding({ state: "OK" }, []).standing).toBe("ok");
});

test("a machine whose cells are red is not called normal, though no case is open", () => {
  expect(isAway([0.3, null, -8])).toBe(true);
  expect(isAway([7.9, null])).toBe(false);
  expect(assetStanding({ state: "OK" }, [], true)).toEqual({ standing: "away", text: "Away from normal" });
});

test("an open case says more than how far the values are", () => {
  expect(assetStanding({ state: "FAULT" }, ["mitigated"], true).standing).toBe("mitigated");
});

test("a stage of a newer server is shown by its own word", () => {
  expect(caseStanding("on_hold")).toEqual({ standing: "case", text: "on hold" });
});

test("the worst severity counts", () => {
  expect(worst(["LOW", null, "HIGH", "MEDIUM"])).toBe("HIGH");
  expect(worst([])).toBeNull();
});
