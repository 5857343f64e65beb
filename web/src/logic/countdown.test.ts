// How the time left for a yes is told.
import { expect, test } from "vitest";
import { countdown } from "./countdown.ts";

const proposed = "2026-01-15T08:00:00Z";
const expires = "2026-01-15T08:05:00Z";
const at = (time: string) => Date.parse(`2026-01-15T${time}Z`);

test("a started second still counts as a whole one", () => {
  expect(countdown(expires, at("08:00:52.100"), proposed).text).toBe("4:08");
});

test("the last minute is urgent and its end is over", () => {
  expect(countdown(expires, at("08:03:59"), proposed)).toMatchObject({ urgent: false, over: false });
  expect(countdown(expires, at("08:04:00"), proposed)).toMatchObject({ urgent: true, text: "1:00" });
  expect(countdown(expires, at("08:05:00"), proposed)).toMatchObject({ urgent: false, over: true, text: "0:00" });
});

test("the bar is full at the proposal and empty at the expiry", () => {
  expect(countdown(expires, at("08:00:00"), proposed).share).toBe(1);
  expect(countdown(expires, at("08:02:30"), proposed).share).toBe(0.5);
  expect(countdown(expires, at("09:00:00"), proposed).share).toBe(0);
});

test("a proposal dated by a plant clock that is elsewhere counts as five minutes", () => {
  expect(countdown(expires, at("08:02:30"), "2026-03-01T00:00:00Z").share).toBe(0.5);
});
