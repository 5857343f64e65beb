// The log of work and its costs, in words and sums.
import type { Costs, WorkKind } from "../api/crew.ts";
import { dollars } from "./agents.ts";

const KINDS: Record<WorkKind, string> = {
  TASK: "Task", INVESTIGATION: "Investigation", MODEL_CALL: "Model", ACTION: "Action", LETTER: "Letter", REPORT: "Report", AGENT: "Crew",
};

export const WORK_KINDS = Object.keys(KINDS) as WorkKind[];

export function workKindText(kind: WorkKind): string {
  return KINDS[kind];
}

type Day = Costs["days"][number];

export interface AgentModel {
  agent: string;
  model: string | null;
  calls: number;
  errors: number;
  tokens: number;
  costNanoDollars: number;
}

/** Over all days, the dearest first. */
export function byAgentAndModel(days: readonly Day[]): AgentModel[] {
  const sums = new Map<string, AgentModel>();
  for (const { agent, model, sums: one } of days) {
    const key = `${agent} ${model ?? ""}`;
    const sum = sums.get(key) ?? { agent, model, calls: 0, errors: 0, tokens: 0, costNanoDollars: 0 };
    sum.calls += one.calls;
    sum.errors += one.errors;
    sum.tokens += one.tokens.total;
    sum.costNanoDollars += one.costNanoDollars;
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) => b.costNanoDollars - a.costNanoDollars || b.tokens - a.tokens || a.agent.localeCompare(b.agent));
}

const DAY_MS = 86_400_000;

/** Each of the last days up to the latest that is told of, those without any cost, too. */
export function byDay(days: readonly Day[], many: number): { day: number; costNanoDollars: number }[] {
  const costs = new Map<number, number>();
  for (const one of days) {
    const day = Date.parse(one.day);
    costs.set(day, (costs.get(day) ?? 0) + one.sums.costNanoDollars);
  }
  const last = Math.max(...costs.keys());
  return Array.from({ length: many }, (_, place) => {
    const day = last - (many - 1 - place) * DAY_MS;
    return { day, costNanoDollars: costs.get(day) ?? 0 };
  });
}

export function trendText(nanoDollarsADay: number | null): string {
  if (nanoDollarsADay === null) return "There are not days enough yet for a trend.";
  const step = Math.round(nanoDollarsADay);
  if (step === 0) return "From day to day it stays the same.";
  return `Each day costs ${dollars(Math.abs(step))} ${step > 0 ? "more" : "less"} than the day before, along a straight line.`;
}
