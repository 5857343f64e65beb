// A query that is asked anew for what came of an answer, and keeps showing what it knew until it is known.
import { useCallback, useEffect, useRef, useState } from "react";
import type { AnyVariables, TypedDocumentNode } from "urql";
import { useConnection } from "./connection.ts";
import type { Answered } from "./fragments.ts";
import { type Asked, useAsked } from "./use-asked.ts";

export interface Followed<Data> extends Asked<Data> {
  /** Asks again, for views that are at least as far as the answer's facts. */
  follow: (answered: Answered | null) => void;
  followTo: (position: string) => void;
}

export function useFollowed<Data, Variables extends { atLeast?: string | null | undefined }>(
  document: TypedDocumentNode<Data, Variables>,
  about: Omit<Variables, "atLeast">,
): Followed<Data> {
  const [atLeast, setAtLeast] = useState<string | null>(null);
  const asked = useAsked(document as TypedDocumentNode<Data, AnyVariables>, { ...about, atLeast });
  const { refresh } = asked;
  const { epoch } = useConnection();
  // A server that was started anew on another log may never come to a position of the old one.
  useEffect(() => setAtLeast(null), [epoch]);

  const followTo = useCallback(
    (position: string) => {
      if (position === atLeast) refresh();
      else setAtLeast(position);
    },
    [atLeast, refresh],
  );
  const follow = useCallback((answered: Answered | null) => answered !== null && followTo(answered.position), [followTo]);
  return { ...asked, data: useLast(asked.data), follow, followTo };
}

/** What was known last, while nothing is. */
export function useLast<Data>(data: Data | null): Data | null {
  const last = useRef(data);
  if (data !== null) last.current = data;
  return last.current;
}
