// When a drifting signal gets serious, in a sentence and as stretches on a common scale of plant time.
import type { Forecast } from "../api/insight.ts";
import { figure } from "./format.ts";

type Moments = Pick<Forecast, "from" | "expected" | "earliest" | "latest">;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A stretch ahead with no more digits than a forecast can mean. */
export function about(ms: number): string {
  if (ms < MINUTE) return "a minute";
  if (ms < 2 * HOUR) {
    const minutes = rounded(ms, ms < 15 * MINUTE ? MINUTE : 5 * MINUTE) / MINUTE;
    if (minutes < 60) return `${minutes} min`;
    return hoursAnd(minutes);
  }
  if (ms < 12 * HOUR) return hoursAnd(rounded(ms, 10 * MINUTE) / MINUTE);
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`;
  if (ms < 60 * DAY) return `${Math.round(ms / DAY)} days`;
  return ms < 365 * DAY ? `${Math.round(ms / (30 * DAY))} months` : "more than a year";
}

function rounded(ms: number, step: number): number {
  return Math.round(ms / step) * step;
}

function hoursAnd(minutes: number): string {
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** `Vibration reaches 7.10 mm/s in about 3 h 20 min; between 2 h and 7 h.` `now` is plant time. */
export function forecastText(name: string, unit: string, forecast: Moments & Pick<Forecast, "threshold">, now: number): string {
  const [expected, earliest, latest] = [forecast.expected, forecast.earliest, forecast.latest].map((at) => (at === null ? null : Date.parse(at) - now));
  const threshold = `${figure(forecast.threshold)} ${unit}`.trim();
  if (expected == null || earliest == null || expected <= 0) {
    const end = latest != null && latest > 0 ? `; in ${about(latest)} at the latest` : "";
    return `${name} may have reached ${threshold} by now${end}.`;
  }
  const reaches = `${name} reaches ${threshold} in about ${about(expected)}`;
  if (latest == null) return `${reaches}; ${earliest <= 0 ? "perhaps at any moment" : `at the earliest in ${about(earliest)}`}, perhaps never.`;
  return earliest <= 0 ? `${reaches}; at any moment from now, in ${about(latest)} at the latest.` : `${reaches}; between ${about(earliest)} and ${about(latest)}.`;
}

export interface Stretch {
  /** Shares of the scale, 0 to 1. */
  earliest: number;
  expected: number;
  latest: number;
  /** It goes on beyond the scale, or has no end. */
  open: boolean;
}

export interface Outlook {
  /** Length of the scale in ms from now. */
  end: number;
  stretches: Stretch[];
}

/** What comes ten times later than the first is not worth a finer scale for it. */
const FURTHEST = 10;

export function outlook(forecasts: readonly Moments[], now: number): Outlook {
  const ahead = (at: string) => Math.max(0, Date.parse(at) - now);
  const ends = forecasts.map((one) => (one.latest === null ? 1.5 * ahead(one.expected) : ahead(one.latest)));
  const soonest = Math.min(...forecasts.map((one) => ahead(one.expected)));
  const end = Math.max(MINUTE, Math.min(Math.max(0, ...ends), FURTHEST * Math.max(soonest, MINUTE)));
  const share = (at: string) => Math.min(1, ahead(at) / end);
  const stretches = forecasts.map((one) => ({
    earliest: share(one.earliest),
    expected: share(one.expected),
    latest: one.latest === null ? 1 : share(one.latest),
    open: one.latest === null || ahead(one.latest) > end,
  }));
  return { end, stretches };
}

/** Plant time at which half of the soonest stretch has passed: then it is worth asking again. Null where nothing is forecast. */
export function outdatedAt(forecasts: readonly Moments[]): number | null {
  const halves = forecasts.map((one) => (Date.parse(one.from) + Math.max(Date.parse(one.expected), Date.parse(one.from) + MINUTE)) / 2);
  return halves.length === 0 ? null : Math.min(...halves);
}

export const SOON_MS = HOUR;

interface Tripping {
  id: string;
  trip: { low: number | null; high: number | null } | null;
}

export interface Beyond<S> {
  signal: S;
  above: boolean;
  trip: number;
}

/** What no forecast tells of any more, for it is there already: signals beyond their described trip, with that trip. */
export function beyondTrip<S extends Tripping>(signals: readonly S[], valueOf: (id: string) => number | null, forecast: readonly string[]): Beyond<S>[] {
  return signals.flatMap((signal): Beyond<S>[] => {
    const value = valueOf(signal.id);
    if (value === null || forecast.includes(signal.id)) return [];
    const { low, high } = signal.trip ?? { low: null, high: null };
    if (high !== null && value >= high) return [{ signal, above: true, trip: high }];
    return low !== null && value <= low ? [{ signal, above: false, trip: low }] : [];
  });
}
