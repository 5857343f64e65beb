// Newer and older pages of a list that grows at its beginning.
import { useState } from "react";

export interface Pages {
  after: string | null;
  number: number;
  newer: (() => void) | null;
  older: (after: string) => void;
}

/** The cursors that led here, so that one can go back; null is the newest page. */
export function usePages(): Pages {
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  return {
    after: cursors.at(-1) ?? null,
    number: cursors.length,
    newer: cursors.length === 1 ? null : () => setCursors(cursors.slice(0, -1)),
    older: (after) => setCursors([...cursors, after]),
  };
}

interface Props {
  of: string;
  pages: Pages;
  /** Where the next page begins; null on the last one. */
  next: string | null;
  loading: boolean;
  refresh?: () => void;
}

export function Pager({ of, pages, next, loading, refresh }: Props) {
  return (
    <nav className="pager" aria-label={`Pages of the ${of}`}>
      <button type="button" disabled={pages.newer === null} onClick={() => pages.newer?.()}>
        Newer
      </button>
      <span>Page {pages.number}</span>
      <button type="button" disabled={next === null} onClick={() => next !== null && pages.older(next)}>
        Older
      </button>
      {refresh && (
        <button type="button" className="quiet" disabled={loading} onClick={refresh}>
          Read again
        </button>
      )}
    </nav>
  );
}
