// An address says which cases are meant, and the same is meant of those that are pushed.
import { expect, test } from "vitest";
import { filterOf, passes } from "./case-filter.ts";

const row = { site: "demo", assetId: "pump-101", stage: "awaiting_approval", asset: { name: "Pump P-101" }, diagnosis: { cause: "bearing_wear" }, outcome: null };
const filter = (text: string) => filterOf(new URLSearchParams(text));

test("an empty address filters nothing, and a status that is none is none", () => {
  expect(filter("")).toMatchObject({ site: null, status: null, any: false });
  expect(filter("status=ODD")).toMatchObject({ status: null, any: false });
  expect(filter("status=OPEN&asset=pump-101")).toMatchObject({ status: "OPEN", asset: "pump-101", any: true });
});

test("a case passes by place, cause and words", () => {
  expect(["site=demo", "asset=pump-101", "cause=bearing_wear", "find=Bearing wear", "find=p-101", "find=awaiting", "find=wear pump"].map((text) => passes(row, filter(text)))).toEqual(Array(7).fill(true));
  expect(["site=other", "asset=pump-102", "cause=cavitation", "cause=unknown", "find=piping", "find=pump cavitation"].map((text) => passes(row, filter(text)))).toEqual(Array(6).fill(false));
  expect(passes({ ...row, diagnosis: null }, filter("cause=unknown"))).toBe(true);
});
