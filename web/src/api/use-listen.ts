// Listening to a subscription for as long as its screen is open.
import { useEffect, useRef } from "react";
import { type AnyVariables, type TypedDocumentNode, useClient } from "urql";
import { useMoment } from "../live/moment.ts";
import { problemOf } from "../logic/problem.ts";
import { refused } from "./connection.ts";

/** Listens while `variables` is not null; begins anew when they change. */
export function useListen<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables | null,
  take: (data: Data) => void,
): void {
  const client = useClient();
  const taker = useRef(take);
  useEffect(() => {
    taker.current = take;
  });
  // Nothing changes in the past.
  const past = useMoment() !== null;
  const key = variables === null || past ? null : JSON.stringify(variables);

  useEffect(() => {
    if (key === null) return;
    let takeBack: (() => void) | undefined;
    const heard = client
      .subscription(document as TypedDocumentNode<Data, AnyVariables>, JSON.parse(key) as AnyVariables)
      .subscribe((result) => {
        if (result.data) taker.current(result.data);
        else if (result.error) {
          takeBack?.();
          takeBack = refused(problemOf(result.error));
        }
      });
    return () => {
      heard.unsubscribe();
      // What is shown no longer need not be live.
      takeBack?.();
    };
  }, [client, document, key]);
}
