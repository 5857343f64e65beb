// The board: columns by where a task is, the pressing first, marks as words, and what a person can do to it.
import type { Priority, Task, TaskStage, TaskStep } from "../api/crew.ts";

export const COLUMNS: readonly TaskStage[] = ["BACKLOG", "PENDING", "ACTIVE", "BLOCKED", "REVIEW", "FAILED", "DONE", "REVERTED"];

const TITLES: Record<TaskStage, string> = {
  BACKLOG: "Backlog", PENDING: "Pending", ACTIVE: "Active", BLOCKED: "Blocked", REVIEW: "In review", FAILED: "Failed", DONE: "Done", REVERTED: "Reverted",
};

export function stageText(stage: TaskStage): string {
  return TITLES[stage];
}

const NOTHING: Record<TaskStage, string> = {
  BACKLOG: "Nothing waits to be queued.", PENDING: "Nothing waits to be taken.", ACTIVE: "Nobody works on anything.", BLOCKED: "Nothing is blocked.",
  REVIEW: "Nothing is to be looked at.", FAILED: "Nothing has failed.", DONE: "Nothing is done yet.", REVERTED: "Nothing was taken back.",
};

export function nothingText(stage: TaskStage): string {
  return NOTHING[stage];
}

/** What is over is of interest by when it ended, everything else by how pressing it is. */
export function sorted<T extends Pick<Task, "marks" | "priority" | "deadline" | "filedAt" | "changedAt">>(tasks: readonly T[], stage: TaskStage): T[] {
  if (stage === "DONE" || stage === "REVERTED" || stage === "FAILED") return tasks.toSorted((a, b) => b.changedAt.localeCompare(a.changedAt));
  return tasks.toSorted(
    (a, b) => b.marks.length - a.marks.length || rank(b.priority) - rank(a.priority) || (a.deadline ?? "9").localeCompare(b.deadline ?? "9") || a.filedAt.localeCompare(b.filedAt),
  );
}

const PRIORITIES: readonly Priority[] = ["LOW", "MEDIUM", "HIGH", "CRITICAL"];

export function rank(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

const MARKS: Record<Task["marks"][number], string> = { STALE: "Active for a week", URGENT: "Due within a day", ESCALATED: "Blocked for two days; a person was told" };

export function markText(mark: Task["marks"][number]): string {
  return MARKS[mark];
}

const BLOCKS: Record<NonNullable<Task["blockedBy"]>, string> = { BUDGET: "a budget", APPROVAL: "an approval", INPUT: "input", DEPENDENCY: "other tasks" };

/** In one line, what there is to say of where it is. */
export function standingText(task: Pick<Task, "stage" | "agent" | "blockedBy" | "failureReason" | "failures" | "acceptedBy">, name: (agent: string) => string): string | null {
  switch (task.stage) {
    case "ACTIVE":
      return task.agent === null ? null : `${name(task.agent)} works on it`;
    case "BLOCKED":
      return task.blockedBy === null ? null : `waits for ${BLOCKS[task.blockedBy]}`;
    case "REVIEW":
      return task.agent === null ? "a result is there" : `${name(task.agent)} delivered`;
    case "FAILED":
      return task.failureReason ?? "it did not say why";
    case "DONE":
      return task.acceptedBy === null ? null : `accepted by ${name(task.acceptedBy)}`;
    case "PENDING":
      return task.failures === 0 ? null : `failed ${task.failures === 1 ? "once" : `${task.failures} times`} before`;
    default:
      return null;
  }
}

const STEPS: Record<TaskStep, { text: string; yes: string }> = {
  QUEUE: { text: "Queue", yes: "Queue" },
  ACCEPT: { text: "Accept", yes: "Accept" },
  SEND_BACK: { text: "Send back", yes: "Send back" },
  BLOCK: { text: "Block", yes: "Block" },
  UNBLOCK: { text: "Unblock", yes: "Unblock" },
  REVERT: { text: "Revert", yes: "Revert" },
};

export function stepText(step: TaskStep): string {
  return STEPS[step].text;
}

/** What takes a word of why, or what it waits for, before it is done. */
export function needsForm(step: TaskStep): boolean {
  return step === "SEND_BACK" || step === "BLOCK" || step === "REVERT";
}

/** `write_code, test` as they are typed. */
export function wordsOf(text: string): string[] {
  return text.split(",").map((word) => word.trim()).filter((word) => word !== "");
}
