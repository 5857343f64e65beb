// Who has to say yes to an action, who has, and who else was asked: in sentences.
import type { Action, Risk } from "../api/fragments.ts";

const RISKS: Record<Risk, string> = { LOW: "Low risk", MEDIUM: "Medium risk", HIGH: "High risk" };

export interface ToldRisk {
  name: string;
  takes: string;
}

export function riskOf({ risk, yesNeeded }: Pick<Action, "risk" | "yesNeeded">): ToldRisk {
  const here = risk === "HIGH" ? ", given on this page and not in a chat" : "";
  return { name: RISKS[risk] ?? "Unknown risk", takes: yesNeeded === 1 ? `One person's yes is enough${here}.` : `It takes the yes of ${yesNeeded} persons${here}.` };
}

export interface Tally {
  given: number;
  needed: number;
  /** `1 of 2 said yes: ann` */
  said: string;
  missing: string;
}

/** Null where one person's yes is enough, for then there is nothing to count. */
export function tallyOf({ yes, yesNeeded }: Pick<Action, "yes" | "yesNeeded">): Tally | null {
  if (yesNeeded <= 1) return null;
  const left = Math.max(0, yesNeeded - yes.length);
  const said = `${yes.length} of ${yesNeeded} said yes${yes.length > 0 ? `: ${yes.join(", ")}` : ""}`;
  const missing = left === 1 ? "One more person's yes is missing." : `The yes of ${left} persons is missing.`;
  return { given: yes.length, needed: yesNeeded, said, missing: left === 0 ? "" : missing };
}

/** What was done to get an answer, a sentence each. */
export function askedText({ alsoAsked, reminders, escalations }: Pick<Action, "alsoAsked" | "reminders" | "escalations">): string[] {
  const said: string[] = [];
  if (alsoAsked.length > 0) said.push(`Also asked: ${alsoAsked.join(", ")}.`);
  if (escalations > 0) said.push(`Passed on ${often(escalations)}, because nobody had answered.`);
  if (reminders > 0) said.push(`Reminded ${often(reminders)}.`);
  return said;
}

/** In one line, where there is no room for more. */
export function shortApproval(action: Pick<Action, "risk" | "yes" | "yesNeeded">): string {
  const tally = tallyOf(action);
  return tally === null ? riskOf(action).name : `${riskOf(action).name} · ${tally.said}`;
}

function often(count: number): string {
  return count === 1 ? "once" : count === 2 ? "twice" : `${count} times`;
}
