// Who holds what: one reservation counts in several budgets and is named once, with all that it counts in.
import type { Budget } from "../api/house.ts";
import { scopeName, siteOf } from "./budgets.ts";

type Held = Budget["held"][number];

export interface Holding extends Held {
  key: string;
  site: string | null;
  /** What it counts in, as people call it. */
  scopes: string[];
}

/** The longest held first. A reservation has no id here: two that are alike in all are told apart by how often one budget has them. */
export function holdingsOf(budgets: readonly Pick<Budget, "partition" | "scope" | "held">[]): Holding[] {
  const holdings = new Map<string, Holding>();
  for (const budget of budgets) {
    const seen = new Map<string, number>();
    for (const held of budget.held) {
      const alike = [budget.partition, held.agent, held.tokens, held.since, held.until, held.lane, held.about].join("|");
      const nth = seen.get(alike) ?? 0;
      seen.set(alike, nth + 1);
      const key = `${alike}|${nth}`;
      const known = holdings.get(key);
      if (known) known.scopes.push(scopeName(budget.scope));
      else holdings.set(key, { ...held, key, site: siteOf(budget), scopes: [scopeName(budget.scope)] });
    }
  }
  return [...holdings.values()].sort((a, b) => a.since.localeCompare(b.since) || a.key.localeCompare(b.key));
}

export type About = { kind: "case" | "task"; id: string } | null;

export function aboutOf(about: string | null): About {
  const [kind, id] = [about?.slice(0, about.indexOf("/")), about?.slice(about.indexOf("/") + 1)];
  return (kind === "case" || kind === "task") && id ? { kind, id } : null;
}

const LANES: Record<Held["lane"], string | null> = { ORDINARY: null, CRITICAL: "critical case", FINISH: "a task's last call", CRITICAL_FINISH: "last call about a critical case" };

/** Null for what needs no word. */
export function laneText(lane: Held["lane"]): string | null {
  return LANES[lane];
}
