// How long a yes is still possible, judged on the server's wall clock.

export interface Countdown {
  /** `4:07` */
  text: string;
  over: boolean;
  /** The last minute: said aloud and shown strongly. */
  urgent: boolean;
  /** 1 at the start, 0 at the end. */
  share: number;
}

const URGENT_MS = 60_000;

export function countdown(expiresAt: string, serverNow: number, proposedAt?: string): Countdown {
  const end = Date.parse(expiresAt);
  const left = Math.max(0, end - serverNow);
  // Rounded up: while "0:01" stands there, a yes may still be in time.
  const seconds = Math.ceil(left / 1000);
  const whole = wholeSpan(end, proposedAt);
  return {
    text: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`,
    over: left === 0,
    urgent: left > 0 && left <= URGENT_MS,
    share: Math.min(1, left / whole),
  };
}

/** `proposedAt` can be plant time, which in a time-lapse is another clock: then five minutes are assumed. */
function wholeSpan(end: number, proposedAt: string | undefined): number {
  const usual = 300_000;
  const span = proposedAt === undefined ? usual : end - Date.parse(proposedAt);
  return span > 0 && span <= 24 * 3_600_000 ? span : usual;
}
