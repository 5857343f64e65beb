// Asking for a change: one command id per intent, so that a repeated tap or a resend is answered, not done, again.
import { useCallback, useRef, useState } from "react";
import { type AnyVariables, type TypedDocumentNode, useMutation } from "urql";
import { problemOf } from "../logic/problem.ts";
import type { Answered } from "./fragments.ts";

export interface Asking<Wish extends object, Given extends Answered = Answered> {
  busy: boolean;
  /** Why the last try did nothing, and what to do next. */
  problem: string | null;
  answered: Given | null;
  ask: (wish: Wish) => Promise<Given | null>;
}

type Wished<Variables> = Omit<Variables, "commandId">;

export function useAsk<Variables extends { commandId: string }, Given extends Answered = Answered>(
  document: TypedDocumentNode<{ answered: Given }, Variables>,
): Asking<Wished<Variables>, Given> {
  const [, run] = useMutation(document as TypedDocumentNode<{ answered: Given }, AnyVariables>);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [answered, setAnswered] = useState<Given | null>(null);
  // Kept until the server has answered: after a lost connection the same wish goes out under the same id.
  const pending = useRef<{ wish: string; id: string } | null>(null);

  const ask = useCallback(
    async (wish: Wished<Variables>): Promise<Given | null> => {
      const text = JSON.stringify(wish);
      if (pending.current?.wish !== text) pending.current = { wish: text, id: newCommandId() };
      setBusy(true);
      setProblem(null);
      const result = await run({ ...wish, commandId: pending.current.id });
      setBusy(false);
      if (result.error || !result.data) {
        setProblem(problemOf(result.error));
        return null;
      }
      pending.current = null;
      const answer = result.data.answered;
      setAnswered(answer);
      if (answer.kind === "REFUSED") setProblem(answer.reason ?? answer.code ?? "The server refused and gave no reason; see the audit list.");
      return answer;
    },
    [run],
  );
  return { busy, problem, answered, ask };
}

/** `crypto.randomUUID` exists only on secure origins; a plant's page is often plain HTTP on a local network. */
export function newCommandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
