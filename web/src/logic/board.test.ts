// The board says of each task where it is, how pressing, and what can be done.
import { expect, test } from "vitest";
import type { Task } from "../api/crew.ts";
import { COLUMNS, markText, needsForm, nothingText, sorted, stageText, standingText, stepText, wordsOf } from "./board.ts";

const task = (filedAt: string, more: Partial<Task> = {}) => ({ marks: [] as Task["marks"], priority: "MEDIUM" as const, deadline: null, filedAt, changedAt: filedAt, ...more });

test("marked ones stand first, then by priority, by deadline, and by how long they wait", () => {
  const [old, young, due, high, urgent] = [task("1"), task("2"), task("3", { deadline: "2026-12-01T00:00:00Z" }), task("4", { priority: "HIGH" }), task("5", { priority: "LOW", marks: ["URGENT"] })];
  expect(sorted([young, old, due, high, urgent], "PENDING")).toEqual([urgent, high, due, old, young]);
});

test("what is over stands by when it ended, the latest first", () => {
  expect(sorted([task("1", { changedAt: "7" }), task("2", { changedAt: "9" })], "DONE").map((one) => one.changedAt)).toEqual(["9", "7"]);
});

test("each stage has a name and something to say when it is empty", () => {
  expect(new Set(COLUMNS.map(stageText)).size).toBe(8);
  expect(COLUMNS.every((stage) => nothingText(stage).endsWith("."))).toBe(true);
});

test("where it is, in a line", () => {
  const at = (stage: Task["stage"], more: Partial<Task> = {}) => standingText({ stage, agent: "agent-coder", blockedBy: null, failureReason: null, failures: 0, acceptedBy: null, ...more }, (agent) => agent.toUpperCase());
  expect(at("ACTIVE")).toBe("AGENT-CODER works on it");
  expect(at("BLOCKED", { blockedBy: "DEPENDENCY" })).toBe("waits for other tasks");
  expect(at("REVIEW")).toBe("AGENT-CODER delivered");
  expect(at("FAILED", { failureReason: "the compiler is not there" })).toBe("the compiler is not there");
  expect(at("PENDING", { failures: 2 })).toBe("failed 2 times before");
  expect([at("BACKLOG"), at("PENDING"), at("DONE", { acceptedBy: "ann" })]).toEqual([null, null, "accepted by ANN"]);
});

test("what changes somebody's work is said with a reason", () => {
  expect((["QUEUE", "ACCEPT", "SEND_BACK", "BLOCK", "UNBLOCK", "REVERT"] as const).filter(needsForm).map(stepText)).toEqual(["Send back", "Block", "Revert"]);
  expect(markText("ESCALATED")).toBe("Blocked for two days; a person was told");
  expect(wordsOf(" pumps, ,norvik ")).toEqual(["pumps", "norvik"]);
});
