// What leaves the house: targets, stages and words of messages, and tickets.
import { expect, test } from "vitest";
import type { Notice, NoticeStage } from "../api/fragments.ts";
import { beforeRetry, deliveryOf, targetText, wordsOf } from "./delivery.ts";
import { deedText, linkOf, ticketName } from "./tickets.ts";

const T0 = "2026-01-15T08:00:00Z";
const notice = (stage: NoticeStage, more: Partial<Notice> = {}) => ({ stage, attempts: 1, reason: null, retryAt: null, readAt: null, changedAt: T0, wantedAt: T0, ...more });

test("a target is said as to whom and by which way", () => {
  expect(["whatsapp:ann", "email:nora", "notice:backup_tech", "mqtt:mill/a:b", "tickets/github:8d1c", "webhook:erp", "sms:ann", "odd"].map(targetText)).toEqual([
    "to ann by WhatsApp", "to nora by email", "to backup_tech as a notice", "to the topic mill/a:b by MQTT", "to the case's ticket in GitHub", "to erp by webhook",
    "to ann by Sms", "to odd",
  ]);
});

test("each stage has a word, and what there is to say beside it", () => {
  const told = (stage: NoticeStage, more: Partial<Notice> = {}) => {
    const { mark, word, text } = deliveryOf(notice(stage, more));
    return [mark, word, text];
  };
  expect([told("WANTED", { attempts: 0 }), told("WANTED")]).toEqual([["going", "To be sent", ""], ["going", "To be sent", "again"]]);
  expect(told("ATTEMPTED", { attempts: 2 })).toEqual(["going", "Being sent", "attempt 2"]);
  expect(told("DONE", { attempts: 3 })).toEqual(["done", "Delivered", "at attempt 3"]);
  expect(told("DEAD", { attempts: 8, reason: "no such number" })).toEqual(["failed", "Given up", "after 8 attempts: no such number"]);
  expect(told("UNKNOWN")[2]).toBe("sent, and nobody knows whether it arrived: no reason was given");
  expect(told("DROPPED")[1]).toBe("Dropped");
});

test("what waits says until when, and what was read says when", () => {
  expect(deliveryOf(notice("WAITING", { retryAt: "2026-01-15T08:10:00Z", reason: "busy" }))).toMatchObject({ word: "Waits", until: "2026-01-15T08:10:00Z", text: "1 attempt failed: busy" });
  expect(deliveryOf(notice("DONE", { readAt: "2026-01-15T08:03:00Z" }))).toMatchObject({ word: "Read", at: "2026-01-15T08:03:00Z" });
});

test("whoever has something sent again is told if it may have arrived", () => {
  expect(beforeRetry({ stage: "UNKNOWN" })).toMatchObject({ yes: "Yes, even if it comes twice" });
  expect(beforeRetry({ stage: "UNKNOWN" }).warning).toContain("may have arrived");
  expect(beforeRetry({ stage: "DEAD" }).warning).toBeNull();
});

test("the words are found in a chat's message and in ticket work", () => {
  expect(wordsOf(JSON.stringify({ headline: "h", text: "Look <b>now</b>.", links: [{ title: "Case", url: "https://x/1" }, null, { title: 3 }] }))).toBe("Look <b>now</b>.\nCase: https://x/1");
  expect(wordsOf(JSON.stringify({ open: { text: { title: "Wear", body: "Flow falls.", labels: [] } } }))).toBe("Wear\nFlow falls.");
  expect(wordsOf(JSON.stringify({ comment: { ticket: { system: "github", id: "1" }, body: "Done." } }))).toBe("Done.");
});

test("words of another shape are shown as they are", () => {
  expect(["plain words", "", "12", "null"].map(wordsOf)).toEqual(["plain words", "", "12", "null"]);
  expect(wordsOf('{"severity":"high","at":{"x":1}}')).toBe('{\n  "severity": "high",\n  "at": {\n    "x": 1\n  }\n}');
});

test("a ticket has a short name, and a link only where a page may lead", () => {
  expect(ticketName({ system: "github", ticket: "42" })).toBe("GitHub #42");
  expect(ticketName({ system: "trello", ticket: "64f0c1d2e3a4b5c6d7e8f901" })).toBe("Trello 64f0c1d2e3a4…");
  expect(["https://x/1", "http://x", "/tickets/1"].map(linkOf)).toEqual(["https://x/1", "http://x", "/tickets/1"]);
  expect([null, "javascript:alert(1)", "//evil.example", "data:text/html,x"].map(linkOf)).toEqual([null, null, null, null]);
});

test("a ticket's last deed names who did it and what it was taken to mean", () => {
  expect(deedText({ lastDeed: "CLOSED", lastMeant: "FALSE_ALARM", lastBy: "ann" })).toBe("Closed by ann, taken to mean: false alarm");
  expect(deedText({ lastDeed: "COMMENTED", lastMeant: null, lastBy: null })).toBe("Commented on by somebody who is not enrolled here");
  expect(deedText({ lastDeed: null, lastMeant: null, lastBy: null })).toBe("No person has done anything there yet");
});
