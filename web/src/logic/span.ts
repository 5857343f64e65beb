// Which stretch of time a case's curves show, and how finely.

export type Resolution = "S10" | "M1" | "H1";

export interface Span {
  from: number;
  to: number;
  resolution: Resolution;
}

export const PERIODS: Record<Resolution, number> = { S10: 10_000, M1: 60_000, H1: 3_600_000 };

const MINUTE = 60_000;
/** A curve of more points than pixels shows nothing more. */
const MOST_POINTS = 1_200;

/** From before the first alert, so that normal is seen beside abnormal, to the end or to now. */
export function caseSpan(openedAt: string, closedAt: string | null, plantNow: number): Span {
  const opened = Date.parse(openedAt);
  const end = closedAt === null ? Math.max(plantNow, opened + MINUTE) : Date.parse(closedAt) + 5 * MINUTE;
  const lead = Math.min(Math.max(15 * MINUTE, (end - opened) / 2), 24 * 60 * MINUTE);
  return spanOf(opened - lead, end);
}

export function spanOf(from: number, to: number): Span {
  const fits = (resolution: Resolution) => (to - from) / PERIODS[resolution] <= MOST_POINTS;
  const resolution = fits("S10") ? "S10" : fits("M1") ? "M1" : "H1";
  return { from, to, resolution };
}
