// What others do on other pages is not always pushed: whoever comes back to this one sees things as they are.
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
