// What ends by itself at a known time is looked at again then.
import { useEffect } from "react";
import { serverNow } from "./clock.ts";
import { useMoment } from "./moment.ts";

/** Timers of browsers hold 31 bits. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Until what was due then is on the log. */
const GRACE_MS = 1_000;

export function useDue(times: readonly string[], refresh: () => void): void {
  const past = useMoment() !== null;
  const next = times.map((at) => Date.parse(at)).filter((at) => at > serverNow());
  const due = past || next.length === 0 ? null : Math.min(...next);
  useEffect(() => {
    if (due === null) return;
    const timer = setTimeout(refresh, Math.min(due - serverNow() + GRACE_MS, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  }, [due, refresh]);
}
