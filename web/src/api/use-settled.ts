// A value once it has stayed the same for a while: what is asked for while somebody types or drags.
import { useEffect, useState } from "react";

export function useSettled<T extends string | number>(value: T, afterMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    if (value === settled) return;
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, settled, afterMs]);
  return settled;
}
