// Parts of the log in words.
import { expect, test } from "vitest";
import { partitionHint, partitionText } from "./partitions.ts";

test("what a simulation really did is told from what was seen of it", () => {
  expect(partitionHint("ledger/_truth.demo")).toBe("what the simulation really did");
  expect(partitionText("ledger/_platform")).toBe("ledger/_platform (the program itself)");
});

test("a plant's own part needs no words, whatever it is called", () => {
  expect([partitionHint("ledger/demo"), partitionHint("ledger/truth")]).toEqual([null, null]);
});
