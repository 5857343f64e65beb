// The figures of alarm performance as people read them: value, target, and whether it is met, where that can be said.
import type { AlarmFigure, SeverityShare } from "../api/alarms.ts";
import { percent } from "./format.ts";
import { humanise } from "./words.ts";

export type Verdict = "met" | "missed" | "unknown";

export interface ToldFigure {
  name: string;
  value: string;
  target: string;
  verdict: Verdict;
  said: string;
}

export function figureText(figure: AlarmFigure): ToldFigure {
  // The name says what it is counted by.
  const unit = figure.unit === "1/h" ? "" : figure.unit;
  const quantity = (value: number) => `${Number(value.toFixed(value < 10 ? 1 : 0))} ${unit}`.trim();
  const told = { name: humanise(figure.name), target: figure.target === 0 ? "none" : `at most ${quantity(figure.target)}` };
  if (figure.value === null) return { ...told, value: "—", verdict: "unknown", said: figure.code === "acknowledge" ? "none acknowledged" : "too few to say" };
  const value = quantity(figure.value);
  return figure.met ? { ...told, value, verdict: "met", said: "met" } : { ...told, value, verdict: "missed", said: "not met" };
}

export interface ToldShare {
  name: string;
  share: number;
  target: number;
  text: string;
}

/** EEMUA 191: four fifths of the alarms are of low severity, and few of high. */
export function severityShares(bySeverity: readonly SeverityShare[]): ToldShare[] {
  const of = (...severities: SeverityShare["severity"][]) => bySeverity.filter((one) => severities.includes(one.severity)).reduce((sum, one) => sum + one.share, 0);
  const told = (name: string, share: number, target: number): ToldShare => ({ name, share, target, text: `${percent(share)}, should be about ${percent(target)}` });
  return [told("Low", of("LOW"), 0.8), told("Medium", of("MEDIUM"), 0.15), told("High and critical", of("HIGH", "CRITICAL"), 0.05)];
}

const DAY_MS = 24 * 3_600_000;

/** The last day of plant time up to and with a reading. */
export function lastDay(plantTime: number): { from: string; to: string } {
  const to = plantTime + 1;
  return { from: new Date(to - DAY_MS).toISOString(), to: new Date(to).toISOString() };
}
