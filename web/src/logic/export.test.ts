// An export holds what the list beside it holds.
import { expect, test } from "vitest";
import { exportAddress, type Wanted } from "./export.ts";

const NOTHING: Wanted = { partition: null, kind: null, actor: null, stream: null, from: null, to: null };

test("each filter of the list is asked for in the export, too", () => {
  const wanted: Wanted = { partition: "ledger/demo", kind: "AlertRaised", actor: "olga", stream: "case/7", from: "2026-01-15T08:00:00Z", to: "2026-01-16T08:00:00Z" };
  const asked = new URL(exportAddress("jsonl", wanted), "http://here").searchParams;
  expect(Object.fromEntries(asked)).toEqual({ ...wanted, format: "jsonl" });
});

test("what is not filtered is not asked for", () => {
  expect(exportAddress("parquet", { ...NOTHING, actor: "" })).toBe("/audit/export?format=parquet");
});
