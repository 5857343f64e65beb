// A query that is asked again after each reconnection and keeps showing what it knew meanwhile; in the past it is asked as of then.
import { useCallback, useEffect, useRef } from "react";
import { type AnyVariables, type CombinedError, type TypedDocumentNode, useQuery } from "urql";
import { askingPast, stillReplaying, useMoment } from "../live/moment.ts";
import { problemOf } from "../logic/problem.ts";
import { askAgainAfterMs, replayingOf } from "../logic/refusal.ts";
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
  const past = useMoment();
  const asOf = past !== null && isTemporal(document) ? past : null;
  const [result, execute] = useQuery<Data>({
    query: document as TypedDocumentNode<Data, AnyVariables>,
    variables: asOf === null ? variables : { ...variables, ...(variables && "atLeast" in variables ? { atLeast: null } : {}), asOf },
    pause,
  });
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

  const replaying = useReplay(asOf !== null, !pause && result.fetching, pause ? undefined : result.error, refresh);
  // Between two past times, the one known last stays until the other is there.
  const key = `${asOf === null} ${JSON.stringify(variables)}`;
  const kept = useRef<{ key: string; data: Data } | null>(null);
  if (result.data && !result.fetching) kept.current = { key, data: result.data };
  const data = result.data ?? (kept.current?.key === key ? kept.current.data : null);
  return { data, loading: result.fetching || replaying, problem: result.error && !replaying ? problemOf(result.error) : null, refresh };
}

/** A past that is still being folded is asked for again, and the bar is told how far it is. */
function useReplay(inPast: boolean, fetching: boolean, error: CombinedError | undefined, refresh: () => void): boolean {
  const said = replayingOf(error);
  const replaying = said !== null;
  useEffect(() => {
    if (said === null || fetching) return;
    stillReplaying(said);
    const timer = setTimeout(refresh, askAgainAfterMs(said));
    return () => clearTimeout(timer);
    // Each answer is another error.
  }, [error, fetching, refresh, replaying]);
  const asking = (inPast && fetching) || replaying;
  useEffect(() => {
    if (!asking) return;
    askingPast(1);
    return () => askingPast(-1);
  }, [asking]);
  return replaying;
}

function isTemporal(document: TypedDocumentNode<unknown, never>): boolean {
  return document.definitions.some(
    (one) => one.kind === "OperationDefinition" && (one.variableDefinitions ?? []).some((declared) => declared.variable.name.value === "asOf"),
  );
}
