// What was done is said, and whoever works by keyboard is led there when the row that was answered has moved away.
import { type RefObject, useEffect, useRef, useState } from "react";
import type { Answered } from "../api/fragments.ts";

export type Tell = (answered: Answered | null, words: string) => void;

export interface Said {
  said: string;
  tell: Tell;
  element: RefObject<HTMLParagraphElement | null>;
}

/** `shown` is the list that the rows move in. */
export function useSaid(shown: unknown, follow: (answered: Answered | null) => void): Said {
  const [said, setSaid] = useState({ text: "" });
  const element = useRef<HTMLParagraphElement>(null);
  const led = useRef(said);
  useEffect(() => {
    if (led.current === said || document.activeElement !== document.body) return;
    led.current = said;
    element.current?.focus({ preventScroll: true });
  }, [shown, said]);
  const tell: Tell = (answered, words) => {
    if (answered === null) return;
    if (answered.kind !== "REFUSED") setSaid({ text: answered.kind === "DONE" ? `${words}.` : `${words}, which was so already.` });
    follow(answered);
  };
  return { said: said.text, tell, element };
}
