// What is said of a proposal that waits no longer.
import { expect, test } from "vitest";
import type { Action } from "../api/fragments.ts";
import { goneText } from "./gone.ts";

const approved = { id: "a", stage: "APPROVED", ruling: "REQUIRE_APPROVAL", write: { unit: "rpm" }, decidedBy: "ann", decidedAt: "x", yesNeeded: 1, yes: ["ann"], verifiedBy: null, readBack: null, reason: null } as unknown as Action;
const around = { timeline: [], actions: [] };

test("who has just said yes is told so, and then what came of it", () => {
  expect(goneText(approved, around, true)).toBe("approved by you; execution: about to begin.");
  expect(goneText({ ...approved, stage: "COMPLETED", readBack: 870 }, around, true)).toBe("approved by you; executed: read back 870 rpm.");
});

test("what others answered names them", () => {
  expect(goneText({ ...approved, stage: "REJECTED" }, around, true)).toBe("rejected: by ann; nothing was done.");
  expect(goneText(approved, around, false)).toBe("approved by ann; execution: about to begin.");
});
