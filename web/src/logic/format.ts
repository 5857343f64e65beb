// Figures and times as a control room writes them: steady widths, no more digits than are true.

const MINUS = "\u2212";
const NONE = "—";

/** Four significant digits at most, never in exponents for what machines measure. */
export function figure(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  const text = size !== 0 && (size >= 1e7 || size < 1e-4) ? value.toExponential(2) : value.toFixed(decimalsFor(size));
  // "-0.00" says a sign that is not there.
  const plain = Number(text) === 0 ? text.replace("-", "") : text;
  return plain.replace("-", MINUS);
}

function decimalsFor(size: number): number {
  if (size >= 1000) return 0;
  if (size >= 100) return 1;
  if (size >= 1) return 2;
  return size === 0 ? 2 : 3;
}

/** Every digit of a set value: what is approved is what is written. */
export function exact(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  return String(Number(value.toPrecision(12))).replace("-", MINUS);
}

/** What was read, beside a set value: in the same digits where it is the same. */
export function readAs(value: number | null | undefined): string {
  return value == null ? NONE : exact(Number(value.toFixed(3)));
}

/** A departure: its sign matters, its second decimal does not. */
export function departure(value: number): string {
  const text = value.toFixed(1);
  return value > 0 ? `+${text}` : text.replace("-", MINUS);
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** A point in time in the reader's own zone. Another day than `now` is named. */
export function clockTime(iso: string | number, now: number = Date.now()): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return NONE;
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  if (new Date(now).toDateString() === at.toDateString()) return time;
  return `${day(at.toISOString())} ${time}`;
}

/** The day alone, where the hour says nothing any more. */
export function day(iso: string): string {
  const at = new Date(iso);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** How long something took or is ago, in its two largest units. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 || minutes >= 10 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
