// How old a list is that nobody pushes, and the button that asks for it again.
import { useMemo } from "react";
import { serverNow } from "../live/clock.ts";
import { useLapse } from "../live/plant.tsx";
import { clockTime } from "../logic/format.ts";

interface Props {
  /** What was read; each new reading is a new value. */
  read: unknown;
  loading: boolean;
  refresh: () => void;
}

export function AsOf({ read, loading, refresh }: Props) {
  const lapse = useLapse();
  const readAt = useMemo(() => (read ? serverNow() : null), [read]);
  return (
    <div className="asof">
      {readAt !== null && <span className="when">as of {clockTime(readAt)}{lapse !== null && " real time"}</span>}
      <button type="button" className="quiet" disabled={loading} onClick={refresh}>
        Read again
      </button>
    </div>
  );
}
