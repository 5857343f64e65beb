// The field for the cause that was found: known ones are offered, a new one is told as new, and what cannot be a name is said before it is sent.
import { type RefObject, useId, useRef, useState } from "react";
import type { Case } from "../../api/fragments.ts";
import { useKnownCauses } from "../../live/causes.ts";
import { causeOf, LONGEST_CAUSE, type Typed } from "../../logic/cause-name.ts";
import { humanise } from "../../logic/words.ts";

export interface Cause {
  known: readonly string[];
  text: string;
  set: (text: string) => void;
  typed: Typed;
  wrong: string | null;
  field: RefObject<HTMLInputElement | null>;
  /** False after saying what is wrong with it and leading there. */
  checked: () => boolean;
}

export function useCause(of: Case): Cause {
  const known = useKnownCauses(of.diagnosis?.cause, of.outcome?.trueCause);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const typed = causeOf(text, known);
  const set = (said: string) => {
    setText(said);
    setWrong(null);
  };
  const checked = () => {
    if (!("wrong" in typed)) return true;
    setWrong(typed.wrong);
    field.current?.focus();
    return false;
  };
  return { known, text, set, typed, wrong, field, checked };
}

export function CauseField({ cause, placeholder }: { cause: Cause; placeholder: string }) {
  const id = useId();
  const { known, text, typed, wrong } = cause;
  const isNew = "cause" in typed && typed.isNew && typed.cause !== null;
  return (
    <div>
      <label htmlFor={id}>
        <span className="label">True cause, if it was another</span>
      </label>
      <input
        ref={cause.field}
        id={id}
        value={text}
        list={`${id}-known`}
        autoCapitalize="off"
        autoComplete="off"
        maxLength={LONGEST_CAUSE}
        placeholder={placeholder}
        aria-invalid={wrong !== null}
        aria-describedby={`${id}-says`}
        onChange={(event) => cause.set(event.target.value)}
      />
      <datalist id={`${id}-known`}>
        {known.map((one) => (
          <option key={one} value={humanise(one)} />
        ))}
      </datalist>
      <p id={`${id}-says`} className={wrong === null ? "by" : "warn"} role={wrong === null ? "status" : "alert"}>
        {wrong ?? (isNew && `None of the known causes is called so: “${humanise(typed.cause ?? "")}” will be recorded as a new cause.`)}
      </p>
    </div>
  );
}
