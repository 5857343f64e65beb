// Asking again when what an answer depends on has changed, but not with every change of a busy minute.
import { useEffect, useRef } from "react";
import { pauseBefore } from "../logic/pace.ts";

export function usePaced(trigger: unknown, again: () => void, leastMs: number): void {
  // The query itself asks when its screen opens.
  const asked = useRef({ trigger, at: Date.now() });
  useEffect(() => {
    if (Object.is(asked.current.trigger, trigger)) return;
    const timer = setTimeout(() => {
      asked.current = { trigger, at: Date.now() };
      again();
    }, pauseBefore(asked.current.at, Date.now(), leastMs));
    return () => clearTimeout(timer);
  }, [trigger, again, leastMs]);
}
