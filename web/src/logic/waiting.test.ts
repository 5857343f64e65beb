// A person on the move reads one line, and from it has to know which machine it is about.
import { expect, test } from "vitest";
import { waitingText } from "./waiting.ts";

const signals = [{ id: "pump-1/speed_setpoint", kind: "speed_setpoint" }, { id: "pump-1/vibration", kind: "vibration" }];
const pump = { site: "north", id: "pump-1", name: "Pump P-101", signals, openCases: [{ id: "c1", diagnosis: { cause: "bearing_wear" } }] };
const fan = { site: "north", id: "fan-1", name: "Fan", signals: [], openCases: [{ id: "c2", diagnosis: null }] };
const write = { device: "plc-1", signal: "pump-1/speed_setpoint", value: 870, unit: "rpm", tolerance: 1 };
const asked = { site: "north", caseId: "c1", write, what: "write 870 to pump-1/speed_setpoint on plc-1" };

test("a write names the cause, the machine, and the value with its unit", () => {
  expect(waitingText(asked, [pump, fan])).toEqual({ why: "Bearing wear on Pump P-101", what: "Speed setpoint to 870 rpm" });
});

test("a write to another machine than the one that is ill names both", () => {
  expect(waitingText({ ...asked, caseId: "c2" }, [pump, fan])).toEqual({ why: "Fan", what: "Speed setpoint of Pump P-101 to 870 rpm" });
});

test("what the page does not know stays in the server's words", () => {
  expect(waitingText(asked, [])).toEqual({ why: null, what: asked.what });
  expect(waitingText({ ...asked, site: "south" }, [pump])).toEqual({ why: null, what: asked.what });
  expect(waitingText({ ...asked, write: null, what: "tell ann: come" }, [pump])).toEqual({ why: "Bearing wear on Pump P-101", what: "tell ann: come" });
});
