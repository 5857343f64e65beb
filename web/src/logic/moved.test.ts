// A machine that runs elsewhere than it is rated for.
import { expect, test } from "vitest";
import { runsElsewhere } from "./moved.ts";

test("a machine runs elsewhere once a set point is more than a hundredth off its rated value", () => {
  expect(runsElsewhere([{ rated: 1450, value: 1440 }])).toBe(false);
  expect(runsElsewhere([{ rated: 1450, value: 1450 }, { rated: 1450, value: 870 }])).toBe(true);
});

test("what cannot be written or is not known moves nothing", () => {
  expect(runsElsewhere([{ rated: null, value: 870 }, { rated: 1450, value: null }])).toBe(false);
});
