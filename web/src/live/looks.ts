// What goes on outside is not pushed, but it is known when it may have changed: looked at then, and ever more seldom.
import { useEffect } from "react";
import type { Notice } from "../api/fragments.ts";
import { nextLook } from "../logic/delivery.ts";
import { serverNow } from "./clock.ts";
import { LONGEST_TIMER_MS } from "./due.ts";

export function useLooks(notices: readonly Notice[] | null, refresh: () => void): void {
  useEffect(() => {
    const look = nextLook(notices ?? [], serverNow());
    if (look === null) return;
    const timer = setTimeout(refresh, Math.min(look, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  }, [notices, refresh]);
}
