// What an inspection found, in a sentence.
import type { Finding, Inspection } from "../api/inspections.ts";
import { plural } from "./words.ts";

export const FINDINGS: Record<Finding["kind"], string> = {
  WRONG_FIGURE: "A figure in the tables was wrong",
  STALE_VALUE: "The newest value of a signal was old",
  STALLED: "What is shown did not move on",
  WRONG_ON_PAGE: "The page showed a wrong figure",
  PARKED: "A stream is followed no further",
  SILENT_AGENT: "An agent was not heard of",
};

export function found({ findings, more, compared, picture }: Pick<Inspection, "findings" | "more" | "compared" | "picture">): string {
  const looked = picture === null ? "" : ", and the page";
  if (compared === 0 && findings.length === 0) return "Nothing could be compared: the tables were being made anew.";
  const many = findings.length + more;
  const figures = `${plural(compared, "figure")}${looked} held against the ledger`;
  return many === 0 ? `${figures}: all right.` : `${figures}: ${plural(many, "finding")}.`;
}
