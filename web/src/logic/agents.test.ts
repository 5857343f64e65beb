// The crew as the registry shows it.
import { expect, test } from "vitest";
import { bytesText, deedsOf, dollars, errorText, hourBars, inOrder, lastDay, meanInference, modelsOf, modelText, statusHint, workText } from "./agents.ts";

const sums = (total: number, costNanoDollars = 0) => ({ tokens: { total }, costNanoDollars });

test("who is silent or blocked stands above who works", () => {
  const agents = [["idle", "IDLE"], ["b", "ACTIVE"], ["a", "ACTIVE"], ["gone", "STOPPED"], ["stuck", "BLOCKED"], ["quiet", "SILENT"]] as const;
  expect(inOrder(agents.map(([id, status]) => ({ id, status, site: "demo" }))).map((agent) => agent.id)).toEqual(["quiet", "stuck", "a", "b", "idle", "gone"]);
});

test("what can be done to an agent follows from how it is", () => {
  expect(deedsOf("ACTIVE")).toEqual({ spawn: false, drain: true, stop: true });
  expect(deedsOf("DRAINING")).toEqual({ spawn: true, drain: false, stop: true });
  expect(deedsOf("STOPPED")).toEqual({ spawn: true, drain: false, stop: false });
  expect(statusHint({ status: "BLOCKED", blocker: "no key for the model" })).toBe("It cannot work: no key for the model");
  expect(statusHint({ status: "IDLE", blocker: null })).toBeNull();
});

test("figures have the digits that they need", () => {
  expect([bytesText(640_000), bytesText(104_857_600), bytesText(2_300_000_000)]).toEqual(["640 kB", "105 MB", "2.3 GB"]);
  expect([dollars(0), dollars(50_000), dollars(1_250_000), dollars(4_200_000_000)]).toEqual(["$0", "less than $0.0001", "$0.0013", "$4.20"]);
  expect([meanInference({ inferenceMs: 5_400, calls: 3 }), meanInference({ inferenceMs: 0, calls: 0 })]).toEqual(["1.8 s a call", null]);
  expect([errorText({ errors: 1, calls: 40 }), errorText({ errors: 0, calls: 0 })]).toEqual(["1 error in 40 calls", "0 errors"]);
  const work = { claimed: 9, delivered: 7, accepted: 5, sentBack: 1, failed: 0, leasesLost: 1, accuracy: 0.83 };
  expect(workText(work)).toBe("9 taken, 7 delivered, 5 accepted, 1 sent back, 1 lost by its lease");
  expect(workText({ claimed: 0, delivered: 0, accepted: 0, sentBack: 0, failed: 0, leasesLost: 0, accuracy: null })).toBe("none yet");
});

test("a day's hours stand in order, those without a report empty", () => {
  const now = Date.parse("2026-11-26T14:30:00Z");
  const bars = hourBars([{ hour: "2026-11-26T14:00:00Z", sums: sums(50) }, { hour: "2026-11-26T12:00:00Z", sums: sums(200) }], now);
  expect(bars).toHaveLength(24);
  expect(bars.slice(-3).map((bar) => bar.share)).toEqual([1, 0, 0.25]);
  expect(lastDay([{ hours: [{ hour: "", sums: sums(50, 7) }] }, { hours: [{ hour: "", sums: sums(3, 1) }] }])).toEqual({ tokens: 53, costNanoDollars: 8 });
});

test("a model that was chosen and not used yet is said so", () => {
  expect(modelText({ modelChosen: "b", modelInUse: "a" })).toBe("a; b was chosen and comes with its next call");
  expect(modelText({ modelChosen: "a", modelInUse: "a" })).toBe("a, chosen by a person");
  expect(modelText({ modelChosen: null, modelInUse: null })).toBe("by rules, as far as it has said");
  expect(modelsOf([{ modelChosen: "b", modelInUse: "a" }, { modelChosen: null, modelInUse: "b" }])).toEqual(["a", "b"]);
});
