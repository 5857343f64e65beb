// A stretch of time in whole minutes, in the reader's own zone; the day is named once where it stays the same.
import { day } from "./format.ts";

/** `2026-11-25, 06:00 to 10:00` */
export function stretchText(from: string, to: string): string {
  const begins = `${day(from)}, ${minute(from)}`;
  return day(from) === day(to) ? `${begins} to ${minute(to)}` : `${begins} to ${day(to)}, ${minute(to)}`;
}

function minute(iso: string): string {
  const at = new Date(iso);
  return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}
