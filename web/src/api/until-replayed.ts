// A question outside a screen's own: while the past that it is about is still being folded, it waits and asks again.
import type { AnyVariables, Client, OperationResult, TypedDocumentNode } from "urql";
import { stillReplaying } from "../live/moment.ts";
import { askAgainAfterMs, replayingOf } from "../logic/refusal.ts";

export async function untilReplayed<Data, Variables extends AnyVariables>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  stillWanted: () => boolean,
): Promise<OperationResult<Data>> {
  for (;;) {
    const result = await client.query<Data>(document as TypedDocumentNode<Data, AnyVariables>, variables).toPromise();
    const replaying = replayingOf(result.error);
    if (replaying === null || !stillWanted()) return result;
    stillReplaying(replaying);
    await new Promise((resolve) => setTimeout(resolve, askAgainAfterMs(replaying)));
  }
}
