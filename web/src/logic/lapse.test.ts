// How a time-lapse is noticed.
import { expect, test } from "vitest";
import { lapseOf } from "./lapse.ts";

test("a time-lapse is named with its factor", () => {
  expect(lapseOf([{ name: "monitor", detail: "runs" }, { name: "time-lapse", detail: "plant time runs 60 times as fast as people's" }])).toBe("60×");
});

test("a time-lapse told in other words is still shown", () => {
  expect(lapseOf([{ name: "time-lapse", detail: "on" }])).toBe("faster");
});

test("a plant in real time has none", () => {
  expect(lapseOf([{ name: "monitor", detail: "2 times restarted" }])).toBeNull();
});
