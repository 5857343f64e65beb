// Which clock a time is of.
import { expect, test } from "vitest";
import { clockWord } from "./clocks.ts";

test("a time is marked with the clock that it names", () => {
  expect([clockWord("Plant time"), clockWord("Its lease, real time"), clockWord("Recorded")]).toEqual(["plant time", "real time", "recorded, real time"]);
});

test("a time that names no clock is not given one", () => {
  expect([clockWord(undefined), clockWord("Version 3, from 900 values")]).toEqual([null, null]);
});
