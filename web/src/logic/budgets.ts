// Budgets in words and bars: what was used, what is held for calls under way, what is left, and for whom a share of it is kept.
import type { Budget, BudgetWindow } from "../api/house.ts";
import { crewName, humanise } from "./words.ts";

const PREFIX = "ledger/";

/** Null is the platform's own. */
export function siteOf({ partition }: Pick<Budget, "partition">): string | null {
  const site = partition.startsWith(PREFIX) ? partition.slice(PREFIX.length) : partition;
  return site === "_platform" ? null : site;
}

export type Kind = "platform" | "site" | "agents" | "tasks" | "providers" | "others";

const KINDS: Record<string, Kind> = { platform: "platform", site: "site", agent: "agents", task: "tasks", provider: "providers" };

export function kindOf(scope: string): Kind {
  const [word = "", ...rest] = scope.split("/");
  return (word === "platform" || word === "site") === (rest.length === 0) ? (KINDS[word] ?? "others") : "others";
}

/** What it is for, as people call it: `agent/svc-weaver` is "Weaver". */
export function scopeName(scope: string): string {
  const name = scope.slice(scope.indexOf("/") + 1);
  switch (kindOf(scope)) {
    case "platform":
      return "Everything on all sites";
    case "site":
      return "Everything on the site";
    case "agents":
      return crewName(name);
    case "tasks":
      return `Task ${shortId(name)}`;
    case "providers":
      return humanise(name);
    case "others":
      return humanise(scope);
  }
}

/** The end of an id that begins with its time is what tells two apart. */
export function shortId(id: string): string {
  return id.length > 12 ? `…${id.slice(-6)}` : id;
}

export interface Group<B> {
  kind: Kind;
  budgets: B[];
}

const ORDER: readonly Kind[] = ["platform", "site", "agents", "tasks", "providers", "others"];

/** From the widest to the narrowest; in each, what is pressing stands first. */
export function grouped<B extends Pick<Budget, "scope" | "windows" | "held" | "isUnlimited">>(budgets: readonly B[]): Group<B>[] {
  const groups = ORDER.map((kind) => ({ kind, budgets: budgets.filter((one) => kindOf(one.scope) === kind).toSorted((a, b) => pressing(b) - pressing(a)) }));
  return groups.filter((group) => group.budgets.length > 0);
}

/** The largest share of a limit that is gone; what holds anything stands above what does not. */
function pressing({ windows, held, isUnlimited }: Pick<Budget, "windows" | "held" | "isUnlimited">): number {
  const shares = isUnlimited ? [] : windows.map(({ limit, settled, held: holds }) => (limit <= 0 ? 1 : (settled + holds) / limit));
  return Math.max(0, ...shares) + (held.length > 0 ? 10 : 0);
}

/** Shares of a limit that are told, once a window each. */
export const MARKS = [50, 80, 95, 100] as const;

export interface BudgetBar {
  /** Of the limit, 0 to 1; both together never more than the whole. */
  used: number;
  held: number;
  /** At the end, left to those for whom it is kept. */
  kept: number;
  state: "free" | "near" | "ordinary" | "over";
}

type Sums = Pick<BudgetWindow, "limit" | "settled" | "held" | "remaining">;

export function barOf(window: Sums & Pick<BudgetWindow, "warned">, keptPercent = 0): BudgetBar {
  const { limit, settled, held, remaining, warned } = window;
  const share = (tokens: number) => (limit <= 0 ? 1 : Math.min(1, tokens / limit));
  const used = share(settled);
  const state = remaining <= 0 ? "over" : keptPercent > 0 && leftToOrdinary(window, keptPercent) <= 0 ? "ordinary" : warned ? "near" : "free";
  return { used, held: Math.min(1 - used, share(held)), kept: Math.min(100, keptPercent) / 100, state };
}

function leftToOrdinary({ limit, remaining }: Pick<Sums, "limit" | "remaining">, keptPercent: number): number {
  return Math.max(0, remaining - keptOf(limit, keptPercent));
}

/** Whole tokens, rounded as the rule rounds them. */
function keptOf(limit: number, keptPercent: number): number {
  return Math.floor((limit * Math.min(100, keptPercent)) / 100);
}

export function windowText({ limit, settled, held, remaining }: Sums): string {
  const holds = held > 0 ? `, ${count(held)} held for calls under way` : "";
  return `${count(settled)} of ${count(limit)} used${holds}; ${remaining <= 0 ? "nothing left" : `${count(remaining)} left`}`;
}

/** For a scope that only counts. */
export function unlimitedText({ settled, held }: Pick<Sums, "settled" | "held">): string {
  return `${count(settled)} used${held > 0 ? `, ${count(held)} held for calls under way` : ""}; no limit`;
}

/** For whom a share is kept, null where none is. */
export function keptText({ scope, keptPercent }: Pick<Budget, "scope" | "keptPercent">): string | null {
  if (keptPercent <= 0) return null;
  const whom = kindOf(scope) === "tasks" ? "for its last call, that writes down what there is" : "for critical cases";
  return `${keptPercent} % of each limit is kept ${whom}.`;
}

export function stateText({ scope, keptPercent }: Pick<Budget, "scope" | "keptPercent">, window: Sums & Pick<BudgetWindow, "warned">): string | null {
  switch (barOf(window, keptPercent).state) {
    case "over":
      return "Used up: calls wait";
    case "ordinary":
      return kindOf(scope) === "tasks" ? "Only its last call may still go" : "Ordinary calls wait; critical cases go on";
    case "near":
      return "Near the limit";
    case "free":
      return null;
  }
}

export function count(tokens: number): string {
  return tokens.toLocaleString("en");
}
