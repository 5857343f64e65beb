// The crew in words and in the order in which one looks for trouble: who is silent or blocked, who works, who could.
import type { Agent, AgentStatus } from "../api/crew.ts";
import { plural } from "./words.ts";

const ORDER: readonly AgentStatus[] = ["SILENT", "BLOCKED", "ACTIVE", "IDLE", "DRAINING", "NOT_SPAWNED", "STOPPED"];

export function inOrder<A extends Pick<Agent, "status" | "id" | "site">>(agents: readonly A[]): A[] {
  return agents.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || a.site.localeCompare(b.site) || a.id.localeCompare(b.id));
}

const WORDS: Record<AgentStatus, string> = {
  SILENT: "Silent", BLOCKED: "Blocked", ACTIVE: "Active", IDLE: "Idle", DRAINING: "Draining", NOT_SPAWNED: "Not spawned", STOPPED: "Stopped",
};

export function statusText(status: AgentStatus): string {
  return WORDS[status];
}

/** What that means for who looks, where the word alone does not say it. */
export function statusHint({ status, blocker }: Pick<Agent, "status" | "blocker">): string | null {
  switch (status) {
    case "SILENT":
      return "Nothing was heard of it for a quarter of an hour. Its leases end by themselves; whatever it says next ends this.";
    case "BLOCKED":
      return `It cannot work: ${blocker ?? "it did not say why"}`;
    case "DRAINING":
      return "It ends what it has and takes no more.";
    case "NOT_SPAWNED":
      return "It is not up.";
    case "STOPPED":
      return "A person stopped it; it cannot join before it is spawned again.";
    default:
      return null;
  }
}

export interface CrewDeeds {
  spawn: boolean;
  drain: boolean;
  stop: boolean;
}

export function deedsOf(status: AgentStatus): CrewDeeds {
  const isUp = status === "ACTIVE" || status === "IDLE" || status === "BLOCKED" || status === "SILENT";
  return { spawn: status === "STOPPED" || status === "NOT_SPAWNED" || status === "DRAINING", drain: isUp, stop: isUp || status === "DRAINING" };
}

export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Of billionths; as many digits as a small sum needs to be one. */
export function dollars(nano: number): string {
  const sum = nano / 1e9;
  if (nano === 0) return "$0";
  if (sum < 0.0001) return "less than $0.0001";
  return `$${sum.toFixed(sum < 0.1 ? 4 : 2)}`;
}

/** `1,204 a call`; null before the first. */
export function meanInference({ inferenceMs, calls }: Pick<Agent["sums"], "inferenceMs" | "calls">): string | null {
  return calls === 0 ? null : `${(inferenceMs / calls / 1000).toFixed(1)} s a call`;
}

export function errorText({ errors, calls }: Pick<Agent["sums"], "errors" | "calls">): string {
  if (calls === 0) return plural(errors, "error");
  return `${plural(errors, "error")} in ${plural(calls, "call")}`;
}

export function workText({ claimed, delivered, accepted, sentBack, failed, leasesLost }: Agent["work"]): string {
  const parts = [[claimed, "taken"], [delivered, "delivered"], [accepted, "accepted"], [sentBack, "sent back"], [failed, "failed"], [leasesLost, "lost by its lease"]] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, word]) => `${count.toLocaleString("en")} ${word}`);
  return said.length === 0 ? "none yet" : said.join(", ");
}

export interface Sum {
  tokens: number;
  costNanoDollars: number;
}

/** What the last day came to, over all that reported. */
export function lastDay(agents: readonly Pick<Agent, "hours">[]): Sum {
  const hours = agents.flatMap((agent) => agent.hours);
  return { tokens: hours.reduce((sum, one) => sum + one.sums.tokens.total, 0), costNanoDollars: hours.reduce((sum, one) => sum + one.sums.costNanoDollars, 0) };
}

const HOUR_MS = 3_600_000;

/** Tokens of each of the last 24 hours, the oldest first, as shares of the largest; hours without a report are none. */
export function hourBars(hours: Agent["hours"], now: number): { tokens: number; share: number }[] {
  const latest = Math.floor(now / HOUR_MS);
  const byHour = new Map(hours.map((one) => [Math.floor(Date.parse(one.hour) / HOUR_MS), one.sums.tokens.total]));
  const tokens = Array.from({ length: 24 }, (_, place) => byHour.get(latest - 23 + place) ?? 0);
  const most = Math.max(1, ...tokens);
  return tokens.map((one) => ({ tokens: one, share: one / most }));
}

/** Models that any of the crew uses or was given, to choose from. */
export function modelsOf(agents: readonly Pick<Agent, "modelChosen" | "modelInUse">[]): string[] {
  return [...new Set(agents.flatMap((agent) => [agent.modelChosen, agent.modelInUse].filter((model) => model !== null)))].sort();
}

export function modelText({ modelChosen, modelInUse }: Pick<Agent, "modelChosen" | "modelInUse">): string {
  if (modelChosen !== null && modelInUse !== null && modelChosen !== modelInUse) return `${modelInUse}; ${modelChosen} was chosen and comes with its next call`;
  if (modelChosen !== null) return `${modelChosen}, chosen by a person`;
  return modelInUse ?? "by rules, as far as it has said";
}
