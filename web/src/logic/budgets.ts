// Budgets in words and bars: what was used, what is held for calls under way, what is left.
import type { Budget, BudgetWindow } from "../api/house.ts";

const PREFIX = "ledger/";

/** Null is the platform's own. */
export function siteOf({ partition }: Pick<Budget, "partition">): string | null {
  const site = partition.startsWith(PREFIX) ? partition.slice(PREFIX.length) : partition;
  return site === "_platform" ? null : site;
}

export interface BudgetBar {
  /** Of the limit, 0 to 1; both together never more than the whole. */
  used: number;
  held: number;
  state: "free" | "near" | "over";
}

export function barOf({ limit, settled, held, remaining, warned }: Pick<BudgetWindow, "limit" | "settled" | "held" | "remaining" | "warned">): BudgetBar {
  const share = (tokens: number) => (limit <= 0 ? 1 : Math.min(1, tokens / limit));
  const used = share(settled);
  return { used, held: Math.min(1 - used, share(held)), state: remaining <= 0 ? "over" : warned ? "near" : "free" };
}

export function windowText({ limit, settled, held, remaining }: Pick<BudgetWindow, "limit" | "settled" | "held" | "remaining">): string {
  const holds = held > 0 ? `, ${count(held)} held for calls under way` : "";
  return `${count(settled)} of ${count(limit)} used${holds}; ${remaining <= 0 ? "nothing left" : `${count(remaining)} left`}`;
}

export function count(tokens: number): string {
  return tokens.toLocaleString("en");
}
