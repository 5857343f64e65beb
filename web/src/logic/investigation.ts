// How far the crew is with a case: who has answered, who is awaited, who had nothing, and by what it was written.
import type { Case, Fact, Investigation, Part } from "../api/fragments.ts";
import { duration, percent } from "./format.ts";
import { crewName, humanise, plural } from "./words.ts";

/** While it runs, in one sentence. */
export function progressText({ parts }: Pick<Investigation, "parts">): string {
  const awaited = parts.filter((part) => part.state === "AWAITED").length;
  const answered = parts.length - awaited;
  if (answered === 0) return `${plural(parts.length, "agent")} of the crew ${parts.length === 1 ? "was" : "were"} asked; none has answered yet.`;
  if (awaited === 0) return `All ${parts.length} have answered; the report is being written.`;
  return `${answered} of ${parts.length} have answered.`;
}

export function partText(part: Pick<Part, "state" | "tookMs" | "model">): string {
  switch (part.state) {
    case "AWAITED":
      return "awaited";
    case "MISSED":
      return "nothing from it";
    case "DELIVERED":
      return `delivered${part.tookMs === null ? "" : ` in ${took(part.tookMs)}`}, ${byWhat(part.model)}`;
  }
}

/** Tenths matter below ten seconds of a minute. */
export function took(ms: number): string {
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
}

export function byWhat(model: string | null): string {
  return model === null ? "by rules" : `by the model ${model}`;
}

export interface Missing {
  agent: string;
  name: string;
  why: string;
}

/** Whom the report is without. Once it has gone out, whoever was still awaited is missing, too. */
export function missingOf({ parts, report }: Pick<Investigation, "parts" | "report">): Missing[] {
  const missing = new Set([...parts.filter((part) => part.state === "MISSED").map((part) => part.agent), ...(report?.missing ?? [])]);
  const why = (agent: string) => parts.find((part) => part.agent === agent)?.why ?? "it did not answer in time";
  return [...missing].map((agent) => ({ agent, name: crewName(agent), why: why(agent) }));
}

/** Places that the parts cite, for the report that rests on them. */
export function cited({ parts }: Pick<Investigation, "parts">): number {
  return parts.reduce((sum, part) => sum + part.citations.length, 0);
}

interface Told {
  timeline: readonly Pick<Fact, "kind">[];
  diagnosis: Pick<NonNullable<Case["diagnosis"]>, "cause" | "confidence"> | null;
}

/** What is said beside a report that names an older diagnosis than the case. By the order of the case's facts, since their own times are of two clocks. */
export function outdatedText({ timeline, diagnosis }: Told): string | null {
  const last = (kind: string) => timeline.findLastIndex((fact) => fact.kind === kind);
  const [asked, report, diagnosed] = [last("InvestigationOpened"), last("ReportDelivered"), last("DiagnosisRecorded")];
  if (diagnosis === null || report < 0 || asked < 0 || diagnosed < asked) return null;
  const how = diagnosed > report ? "This was written" : "The crew was asked";
  return `${how} before the latest diagnosis, which says ${humanise(diagnosis.cause).toLowerCase()}, ${percent(diagnosis.confidence)} sure. Where the two differ, the diagnosis is the newer.`;
}
