// How a time-lapse is noticed.
import { expect, test } from "vitest";
import { lapseFactor } from "./lapse.ts";

const after = (wallS: number, plantS: number) => lapseFactor({ wall: 0, plant: 0 }, { wall: wallS * 1_000, plant: plantS * 1_000 });

test("real time is no time-lapse, however pushes jitter", () => {
  expect([after(10, 10), after(10, 11.9), after(5, 4)]).toEqual([null, null, null]);
});

test("the factor is the one that somebody has set", () => {
  expect([after(10, 598), after(20, 1_210), after(30, 305), after(10, 20.3)]).toEqual([60, 60, 10, 2]);
});

test("a few seconds are too few to say", () => {
  expect(after(2, 120)).toBeNull();
});
