// What kind of no an answer is, by the stable codes that the server gives beside its words.

interface Refusing {
  graphQLErrors?: readonly { message: string; extensions?: Record<string, unknown> | undefined }[] | undefined;
}

export function codeOf(error: Refusing | undefined): string | null {
  for (const one of error?.graphQLErrors ?? []) {
    const code = one.extensions?.["code"];
    if (typeof code === "string") return code;
  }
  return null;
}

export interface StillReplaying {
  done: number;
  of: number;
  etaS: number | null;
}

/** The past that was asked for is still being folded: how far it is; null for every other answer. */
export function replayingOf(error: Refusing | undefined): StillReplaying | null {
  const said = error?.graphQLErrors?.find((one) => one.extensions?.["code"] === "STILL_REPLAYING")?.extensions;
  if (!said) return null;
  const figure = (name: string) => (typeof said[name] === "number" ? (said[name] as number) : null);
  return { done: figure("done") ?? 0, of: figure("of") ?? 0, etaS: figure("etaS") };
}

/** When to ask again: soon enough to be there when it is done, seldom enough not to be in the way. */
export function askAgainAfterMs({ etaS }: StillReplaying): number {
  return Math.min(3_000, Math.max(500, (etaS ?? 1) * 1_000));
}
