// What a person may want in a proposal's place: another value within the signal's limits, or another action that the diagnosis suggests.
import type { Action, Signal } from "../api/fragments.ts";
import { exact } from "./format.ts";
import { unitSymbol } from "./words.ts";

export interface ValueChoice {
  low: number;
  high: number;
  maxStep: number;
  unit: string;
  proposed: number;
  /** `600 to 1500 rpm; rated 1450 rpm` */
  hint: string;
}

type Written = Pick<Action, "write">;
type Described = Pick<Signal, "id" | "unit" | "writable">;

/** Null where nothing is written, or the signal is not described as one that may be. */
export function valueChoice({ write }: Written, signals: readonly Described[]): ValueChoice | null {
  const signal = write && signals.find((known) => known.id === write.signal);
  if (!write || !signal?.writable) return null;
  const { limits, rated, maxStep } = signal.writable;
  const unit = unitSymbol(write.unit ?? signal.unit);
  const hint = `${exact(limits.low)} to ${exact(limits.high)} ${unit}`.trim() + `; rated ${exact(rated)} ${unit}`.trimEnd();
  return { low: limits.low, high: limits.high, maxStep, unit, proposed: write.value, hint };
}

/** In the diagnosis's order, best first. */
export function otherActions({ name }: Pick<Action, "name">, suggests: readonly string[]): string[] {
  return [...new Set(suggests)].filter((suggested) => suggested !== name);
}

export type Judged = { value: number } | { wrong: string };

/** As people write numbers: with a comma, too, and with a true minus. */
export function judged(text: string, choice: ValueChoice): Judged {
  const plain = text.trim().replace(",", ".").replace("\u2212", "-");
  const value = Number(plain);
  if (plain === "" || !Number.isFinite(value)) return { wrong: `Write a number${choice.unit === "" ? "" : ` in ${choice.unit}`}.` };
  if (value < choice.low || value > choice.high) return { wrong: `Only ${exact(choice.low)} to ${exact(choice.high)} ${choice.unit} is allowed.`.replace("  ", " ") };
  if (value === choice.proposed) return { wrong: "That is what is proposed already." };
  return { value };
}

/** What can be proposed and yet would not begin, as things stand now; null where nothing is in the way. */
export function stepWarning(value: number, present: number | null, { maxStep, unit }: ValueChoice): string | null {
  if (present === null || Math.abs(value - present) <= maxStep) return null;
  return `It is ${exact(Number(present.toFixed(1)))} ${unit} now, and one write may change it by ${exact(maxStep)} ${unit} at most: as it stands, this would not begin.`;
}
