// A page in the background may be held still by its browser: whoever comes back to it sees things as they are.
import { useEffect } from "react";

export function useRefreshOnReturn(refresh: () => void): void {
  useEffect(() => {
    const returned = () => {
      if (document.visibilityState === "visible") refresh();
    };
    document.addEventListener("visibilitychange", returned);
    return () => document.removeEventListener("visibilitychange", returned);
  }, [refresh]);
}
