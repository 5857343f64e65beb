// Which stretch of a signal's life is looked at, how finely it is worth asking for, and how one moves through it.
import type { Resolution } from "./span.ts";

export type Fineness = "RAW" | Resolution;

export interface View {
  from: number;
  to: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const PERIOD_MS: Record<Fineness, number> = { RAW: SECOND, S10: 10 * SECOND, M1: MINUTE, H1: HOUR };
export const FINENESS_TEXT: Record<Fineness, string> = { RAW: "every value", S10: "means of 10 s", M1: "means of a minute", H1: "means of an hour" };

/** Nearer than this there is nothing between two values; further than this nothing was kept. */
export const NEAREST_MS = 20 * SECOND;
export const FURTHEST_MS = 366 * DAY;

export const STRETCHES: readonly { text: string; ms: number }[] = [
  { text: "10 min", ms: 10 * MINUTE },
  { text: "1 h", ms: HOUR },
  { text: "8 h", ms: 8 * HOUR },
  { text: "1 day", ms: DAY },
  { text: "1 week", ms: 7 * DAY },
  { text: "1 month", ms: 31 * DAY },
  { text: "1 year", ms: 365 * DAY },
];

/** A screen has about so many pixels across: finer than that shows nothing more. */
const MOST_ACROSS = 1_500;

export function finenessOf({ from, to }: View): Fineness {
  const fits = (fineness: Fineness) => (to - from) / PERIOD_MS[fineness] <= MOST_ACROSS;
  return (["RAW", "S10", "M1"] as const).find(fits) ?? "H1";
}

/** By `factor` around a point that stays where it is; 0.5 is nearer, 2 further. */
export function zoomed({ from, to }: View, factor: number, around = (from + to) / 2): View {
  const length = Math.min(FURTHEST_MS, Math.max(NEAREST_MS, (to - from) * factor));
  const share = to === from ? 0.5 : (around - from) / (to - from);
  return { from: Math.round(around - share * length), to: Math.round(around + (1 - share) * length) };
}

/** Never past `latest` by more than a tenth: there is nothing there. */
export function moved({ from, to }: View, share: number, latest: number): View {
  const length = to - from;
  const end = Math.min(to + share * length, latest + length / 10);
  return { from: Math.round(end - length), to: Math.round(end) };
}

/** What is asked for around a view: a quarter of it to each side, on coarse steps, so that a small step of one's own asks for nothing new. */
export function askedFor(view: View): View & { fineness: Fineness } {
  const fineness = finenessOf(view);
  const length = view.to - view.from;
  const step = Math.max(PERIOD_MS[fineness], 2 ** Math.ceil(Math.log2(length / 8)));
  return { fineness, from: Math.floor((view.from - length / 4) / step) * step, to: Math.ceil((view.to + length / 4) / step) * step };
}

/** The stretch that an address names; null where it names none that can be shown. */
export function viewOf(params: URLSearchParams): View | null {
  const [from, to] = ["from", "to"].map((name) => momentOf(params.get(name)));
  if (from == null || to == null || to - from < NEAREST_MS) return null;
  return to - from > FURTHEST_MS ? { from: to - FURTHEST_MS, to } : { from, to };
}

/** A point in time as programs write it: by its date, or in milliseconds as Grafana does. */
function momentOf(text: string | null): number | null {
  if (text === null || text === "") return null;
  const at = /^\d{10,}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
