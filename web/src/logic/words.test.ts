// Machine words as people say them.
import { expect, test } from "vitest";
import { humanise, placeName, unitSymbol } from "./words.ts";

test("names of actions and causes are spoken", () => {
  expect(["slow_pump_to_75pct", "bearing_wear", "AWAITING_APPROVAL", "pct_of_load"].map(humanise)).toEqual(["Slow pump to 75 %", "Bearing wear", "Awaiting approval", "Pct of load"]);
});

test("a slug is spoken, and a name that a person chose stays as it is", () => {
  expect(["process-water", "Halle 3 (Nord)"].map(placeName)).toEqual(["Process water", "Halle 3 (Nord)"]);
  expect(["degC", "1", "rpm", null].map(unitSymbol)).toEqual(["°C", "", "rpm", ""]);
});
