// What one word says how an asset or a case stands.
import { expect, test } from "vitest";
import { assetStanding, caseStanding, worst } from "./standing.ts";

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

test("a stage of a newer server is shown by its own word", () => {
  expect(caseStanding("on_hold")).toEqual({ standing: "case", text: "on hold" });
});

test("the worst severity counts", () => {
  expect(worst(["LOW", null, "HIGH", "MEDIUM"])).toBe("HIGH");
  expect(worst([])).toBeNull();
});
