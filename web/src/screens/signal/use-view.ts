// The stretch that is looked at: it follows the newest value until one moves away from it, and then stands in the address.
import { useCallback, useEffect, useMemo, useState } from "react";
import { useParams } from "../../live/address.ts";
import { moved, type View, viewOf, zoomed } from "../../logic/zoom.ts";

export interface Looking {
  view: View;
  following: boolean;
  zoom: (factor: number, around?: number) => void;
  move: (share: number) => void;
  /** The newest stretch of that length, and on with it. */
  follow: (lengthMs?: number) => void;
}

const FIRST_LENGTH_MS = 3_600_000;
const WRITTEN_AFTER_MS = 350;
/** Room for what comes next. */
const AHEAD = 0.02;

export function useView(latest: number): Looking {
  const [params, change] = useParams();
  const [fixed, setFixed] = useState<View | null>(() => viewOf(params));
  const [length, setLength] = useState(() => Number(params.get("last")) || FIRST_LENGTH_MS);
  const view = useMemo(() => fixed ?? { from: latest - length * (1 - AHEAD), to: latest + length * AHEAD }, [fixed, latest, length]);

  useEffect(() => {
    const timer = setTimeout(() => {
      const iso = (at: number) => new Date(at).toISOString();
      const last = length === FIRST_LENGTH_MS ? null : String(length);
      change(fixed === null ? { from: null, to: null, last } : { from: iso(fixed.from), to: iso(fixed.to), last: null });
    }, WRITTEN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [fixed, length, change]);

  const zoom = useCallback(
    (factor: number, around?: number) => {
      // Around nothing in particular, the newest value stays where it is.
      if (fixed === null && around === undefined) setLength(viewLength(zoomed(view, factor)));
      else setFixed(zoomed(view, factor, around));
    },
    [fixed, view],
  );
  const move = useCallback((share: number) => setFixed(moved(view, share, latest)), [view, latest]);
  const follow = useCallback((lengthMs?: number) => {
    setFixed(null);
    if (lengthMs !== undefined) setLength(lengthMs);
  }, []);
  return { view, following: fixed === null, zoom, move, follow };
}

function viewLength({ from, to }: View): number {
  return to - from;
}
