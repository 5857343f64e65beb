// A query that is asked again after each reconnection and keeps showing what it knew meanwhile.
import { useCallback, useEffect, useRef } from "react";
import { type AnyVariables, type TypedDocumentNode, useQuery } from "urql";
import { problemOf } from "../logic/problem.ts";
import { useConnection } from "./connection.ts";

export interface Asked<Data> {
  data: Data | null;
  loading: boolean;
  problem: string | null;
  refresh: () => void;
}

export function useAsked<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  pause = false,
): Asked<Data> {
  const [result, execute] = useQuery<Data>({ query: document as TypedDocumentNode<Data, AnyVariables>, variables, pause });
  const refresh = useCallback(() => execute({ requestPolicy: "network-only" }), [execute]);
  const { epoch } = useConnection();
  const askedIn = useRef(epoch);

  useEffect(() => {
    // The first connection comes up beside the first query, which it need not repeat unless that one failed.
    const missedSomething = askedIn.current > 0 || result.error !== undefined;
    if (askedIn.current === epoch) return;
    askedIn.current = epoch;
    if (missedSomething && !pause) refresh();
  }, [epoch, pause, refresh, result.error]);

  const key = JSON.stringify(variables);
  const kept = useRef<{ key: string; data: Data } | null>(null);
  if (result.data && !result.fetching) kept.current = { key, data: result.data };
  const data = result.data ?? (kept.current?.key === key ? kept.current.data : null);
  return { data, loading: result.fetching, problem: result.error ? problemOf(result.error) : null, refresh };
}
