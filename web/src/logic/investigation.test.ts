// How far the crew is, in the words that the case shows.
import { expect, test } from "vitest";
import type { Part } from "../api/fragments.ts";
import { byWhat, cited, missingOf, outdatedText, partText, progressText, took } from "./investigation.ts";

const part = (agent: string, more: Partial<Part> = {}): Part => ({ agent, state: "AWAITED", text: null, why: null, citations: [], model: null, tookMs: null, at: null, ...more });
const delivered = part("svc-triage", { state: "DELIVERED", text: "Listen.", tookMs: 320 });
const missed = part("svc-watchman", { state: "MISSED", why: "nothing else is open" });

test("who is still awaited is counted", () => {
  expect(progressText({ parts: [part("svc-triage"), part("svc-hunter")] })).toBe("2 agents of the crew were asked; none has answered yet.");
  expect(progressText({ parts: [delivered, part("svc-hunter"), missed] })).toBe("2 of 3 have answered.");
  expect(progressText({ parts: [delivered, missed] })).toBe("All 2 have answered; the report is being written.");
});

test("a part says how long it took and what wrote it", () => {
  expect(partText(delivered)).toBe("delivered in 0.3 s, by rules");
  expect(partText({ ...delivered, tookMs: 41_200, model: "qwen2.5:7b" })).toBe("delivered in 41 s, by the model qwen2.5:7b");
  expect(partText({ ...delivered, tookMs: null })).toBe("delivered, by rules");
  expect([partText(part("svc-hunter")), partText(missed)]).toEqual(["awaited", "nothing from it"]);
  expect([took(9_940), took(9_960), byWhat(null)]).toEqual(["9.9 s", "10 s", "by rules"]);
});

test("whom a report is without is named with the reason, also where nobody gave one", () => {
  expect(missingOf({ parts: [delivered, missed, part("svc-hunter")], report: null })).toEqual([{ agent: "svc-watchman", name: "Watchman", why: "nothing else is open" }]);
  const report = { by: "svc-weaver", text: "…", model: null, missing: ["svc-watchman", "agent-night-shift"], at: "2026-11-26T14:00:00Z" };
  expect(missingOf({ parts: [delivered, missed, part("agent-night-shift")], report })).toEqual([
    { agent: "svc-watchman", name: "Watchman", why: "nothing else is open" },
    { agent: "agent-night-shift", name: "Night shift", why: "it did not answer in time" },
  ]);
});

test("cited places are counted over all parts", () => {
  const place = { document: "NP-40", revision: "ab", page: 4, quote: "…" };
  expect(cited({ parts: [part("a", { citations: [place, place] }), part("b", { citations: [place] })] })).toBe(3);
});

test("a report that a later diagnosis has overtaken says so, by the order of facts", () => {
  const of = (...kinds: string[]) => outdatedText({ timeline: kinds.map((kind) => ({ kind })), diagnosis: { cause: "bearing_wear", confidence: 0.97 } });
  const [alert, diagnosis, asked, report] = ["AlertRaised", "DiagnosisRecorded", "InvestigationOpened", "ReportDelivered"] as const;
  expect(of(alert, diagnosis, asked, report)).toBeNull();
  expect(of(alert, diagnosis, asked, alert, report, alert)).toBeNull();
  expect(of(alert, diagnosis, asked, report, diagnosis)).toBe("This was written before the latest diagnosis, which says bearing wear, 97 % sure. Where the two differ, the diagnosis is the newer.");
  expect(of(alert, diagnosis, asked, diagnosis, report)).toMatch(/^The crew was asked before the latest diagnosis/);
  expect(of(alert, diagnosis, asked, diagnosis)).toBeNull();
});
