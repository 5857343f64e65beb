// What past cases and figures say: kinds of change, bars, records, similar cases, and when to ask again.
import { expect, test } from "vitest";
import { barFeature, barsOf } from "./bars.ts";
import { changeText, isOurDoing } from "./change-kind.ts";
import { shortly } from "./evidence.ts";
import { pauseBefore } from "./pace.ts";
import { withNames } from "./signals.ts";
import { causeOf, doneText, endText, nothingText, restsOn, splitByLikeness } from "./similar.ts";
import { calibrationText, recordText, trackText } from "./track.ts";

test("a lying sensor sends to the sensor and wear to the machine", () => {
  expect([changeText("SENSOR_OFFSET"), changeText("COMMUNICATION"), changeText("DEGRADATION")].map((told) => told.group)).toEqual(["sensor", "line", "machine"]);
  expect(changeText("SENSOR_STUCK").advice).toContain("Look at the sensor first");
});

test("a kind of change of a newer server is shown by its own word", () => {
  expect(changeText("CAVITATION" as never)).toEqual({ group: "unclear", title: "CAVITATION", advice: "" });
});

test("a machine that is run otherwise by the case's own action is not called well for that", () => {
  const known = (judgedAt: string) =>
    ({
      change: { at: judgedAt },
      actions: [{ id: "a", write: {} }, { id: "m", write: null }],
      timeline: [
        { kind: "ActionCompleted", action: "m", occurredAt: "2026-01-15T08:00:00Z" },
        { kind: "ActionCompleted", action: "a", occurredAt: "2026-01-15T08:10:00Z" },
      ],
    }) as never;
  expect([isOurDoing(known("2026-01-15T08:05:00Z")), isOurDoing(known("2026-01-15T08:12:00Z"))]).toEqual([false, true]);
  expect(changeText("REGIME", true).advice).toContain("An action of this case made it so");
  expect(changeText("DEGRADATION", true)).toEqual(changeText("DEGRADATION"));
});

test("contributions are drawn rather than departures, and each bar is measured by the longest of its own kind", () => {
  const evidence = [
    { feature: "CONTRIBUTION", magnitude: -0.6 },
    { feature: "DRIFT", magnitude: 19 },
    { feature: "CONTRIBUTION", magnitude: 0.3 },
  ] as const;
  expect(barsOf(evidence)).toEqual([{ share: 1, side: "low" }, null, { share: 0.5, side: "high" }]);
  expect(barsOf([{ feature: "DRIFT", magnitude: -4 }])).toEqual([{ share: 1, side: "low" }]);
});

test("figures of other measures, and of no size, have no bar", () => {
  expect(barFeature([{ feature: "STUCK", magnitude: 300 }])).toBeNull();
  expect(barsOf([{ feature: "STUCK", magnitude: 300 }])).toEqual([null]);
  expect(barsOf([{ feature: "DRIFT", magnitude: 0 }])).toEqual([null]);
});

test("a diagnosis says how often it was confirmed, and plainly when nobody has", () => {
  expect(recordText("bearing_wear", { confirmed: 12, refuted: 1 })).toBe("Bearing wear has been named before: confirmed 12 times, refuted once.");
  expect(recordText("bearing_wear", { confirmed: 0, refuted: 0 })).toBe("No person has confirmed or refuted bearing wear here yet.");
  expect(calibrationText({ calibrated: 0.83, calibratedOn: 120 })).toBe("When it was this sure, it was right in 83 % of 120 cases.");
  expect(calibrationText({ calibrated: null, calibratedOn: 0 })).toContain("not known yet");
});

test("an action that was never tried claims nothing, and a few tries claim little", () => {
  expect(trackText({ tried: 0, helped: 0, rate: null })).toBeNull();
  expect(trackText({ tried: 2, helped: 2, rate: null })).toBe("Closed cases with this cause on machines of this class: tried in 2, helped in 2; too few to say much.");
  expect(trackText({ tried: 9, helped: 7, rate: 0.73 })).toBe("Closed cases with this cause on machines of this class: tried in 9, helped in 7.");
});

const outcome = { outcome: "REPAIRED", trueCause: null, at: "2026-01-15T08:00:00Z", note: null } as const;

test("what a person found counts more than what was named", () => {
  const diagnosis = { cause: "bearing_wear", confidence: 0.8 };
  expect(causeOf({ diagnosis, outcome: { ...outcome, trueCause: "misalignment" } })).toBe("Misalignment");
  expect(causeOf({ diagnosis, outcome })).toBe("Bearing wear");
  expect(causeOf({ diagnosis: null, outcome: null })).toBe("Cause never named");
});

test("only what was done to its end is told, in its order and once", () => {
  const action = (name: string, stage: "COMPLETED" | "REJECTED", endedAt: string) => ({ name, stage, endedAt });
  const actions = [action("notify_technician", "COMPLETED", "2026-01-02"), action("reduce_speed", "COMPLETED", "2026-01-01"), action("stop", "REJECTED", "2026-01-01")];
  expect(doneText([...actions, action("reduce_speed", "COMPLETED", "2026-01-03")])).toBe("Reduce speed, then notify technician");
  expect(doneText([action("stop", "REJECTED", "2026-01-01")])).toBe("nothing was done from here");
});

test("whether it helped is said in plain words, and an open case is not called ended", () => {
  expect(endText({ status: "CLOSED", outcome: { ...outcome, outcome: "MITIGATED" } })).toBe("Eased");
  expect(endText({ status: "OPEN", outcome: { ...outcome, outcome: "MITIGATED" } })).toBe("Eased, still open");
  expect(endText({ status: "OPEN", outcome: null })).toBe("Still open");
});

test("it is told apart whether a case was not compared, had nothing to be compared with, or is like none", () => {
  const similar = (remembered: boolean, comparedWith: number) => ({ remembered, comparedWith, calibratedOn: 0, cases: [] });
  expect(nothingText(similar(false, 3), true)).toContain("ten minutes of plant time");
  expect(nothingText(similar(false, 3), false)).toContain("Too little was measured");
  expect(nothingText(similar(true, 0), true)).toContain("Nothing similar yet");
  expect(nothingText(similar(true, 1), true)).toBe("By its curves, it looks like none of 1 remembered case, of whatever cause.");
});

test("the percentage says whether it rests on outcomes here or on simulated plants", () => {
  expect(restsOn({ calibratedOn: 64 })).toBe("The percentage rests on 64 outcomes known here.");
  expect(restsOn({ calibratedOn: 0 })).toContain("simulated plants");
});

test("what was asked just now waits, and what was asked long ago is asked at once", () => {
  expect([pauseBefore(10_000, 11_000, 5_000), pauseBefore(10_000, 60_000, 5_000)]).toEqual([4_000, 0]);
  // The clock was set back by an hour.
  expect(pauseBefore(3_600_000, 0, 5_000)).toBe(5_000);
});

test("the program's sentences call signals as the page does", () => {
  const signals = [{ id: "p/flow", kind: "flow" }, { id: "p/flow_setpoint", kind: "flow_setpoint" }] as never;
  expect(withNames("p/flow_setpoint, p/flow left their places", signals)).toBe("Flow setpoint, flow left their places");
  expect(withNames("q/flow has not moved", signals)).toBe("q/flow has not moved");
});

test("an alarm's figure is told shortly, and silence is not called stillness", () => {
  expect(shortly({ feature: "DRIFT", magnitude: -5.1 }, "drift")).toBe("\u22125.1 σ");
  expect(shortly({ feature: "CONTRIBUTION", magnitude: -0.71 }, "mewma")).toBe("low, 71 % of it");
  expect([shortly({ feature: "STUCK", magnitude: 47 }, "stuck"), shortly({ feature: "STUCK", magnitude: 47 }, "silence")]).toEqual(["unchanged for 47 s", "missing for 47 s"]);
});

test("a likeness that says nothing is set aside, and alone it counts as none", () => {
  const like = (likelyTheSame: number) => ({ likelyTheSame }) as never;
  expect(splitByLikeness([like(0.87), like(0.1), like(0.02)])).toEqual({ alike: [like(0.87), like(0.1)], hardly: [like(0.02)] });
  expect(nothingText({ remembered: true, comparedWith: 4, calibratedOn: 0, cases: [like(0.02)] }, true)).toBe("By its curves, it looks like none of 4 remembered cases, of whatever cause.");
});
