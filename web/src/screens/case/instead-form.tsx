// Not this, but that: another value of the same write, or another action that the diagnosis suggests.
import { type FormEvent, useId, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { Modify } from "../../api/changes.ts";
import type { Action, Signal } from "../../api/fragments.ts";
import { useKnown } from "../../live/values.ts";
import { judged, otherActions, stepWarning, type ValueChoice, valueChoice } from "../../logic/instead.ts";
import { humanise } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";

interface Props {
  action: Action;
  suggests: readonly string[];
  signals: readonly Signal[];
  back: () => void;
  done: () => void;
}

export function InsteadForm({ action, suggests, signals, back, done }: Props) {
  const choice = valueChoice(action, signals);
  const others = otherActions(action, suggests);
  const modify = useAsk(Modify);
  // Null is the value; else the name of an action.
  const [name, setName] = useState<string | null>(choice === null ? (others[0] ?? null) : null);
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);

  const type = (typed: string) => {
    setText(typed);
    setWrong(null);
  };
  const choose = (chosen: string | null) => {
    setName(chosen);
    setWrong(null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const judgement = name === null && choice !== null ? judged(text, choice) : null;
    setWrong(judgement !== null && "wrong" in judgement ? judgement.wrong : null);
    if (judgement !== null && "wrong" in judgement) return;
    void modify.ask({ action: action.id, binding: action.binding, name, value: judgement?.value ?? null }).then((answered) => {
      if (answered !== null && answered.kind !== "REFUSED") done();
    });
  };

  return (
    <form className="instead" onSubmit={submit} noValidate>
      <fieldset>
        <legend>What instead?</legend>
        {choice !== null && (
          <>
            <Option of={action.id} checked={name === null} choose={() => choose(null)} text="Another value" />
            <ValueField action={action} choice={choice} text={text} change={type} wrong={wrong} disabled={name !== null} />
          </>
        )}
        {others.map((other, place) => (
          <Option key={other} of={action.id} autoFocus={choice === null && place === 0} checked={name === other} choose={() => choose(other)} text={humanise(other)} />
        ))}
      </fieldset>
      <p className="by">
        It takes this proposal's place. {name === null ? "Another person then has to say yes to it: nobody approves what they proposed themselves." : BY_POLICY}
      </p>
      <div className="buttons">
        <button type="submit" disabled={modify.busy}>
          Propose this
        </button>
        <button type="button" disabled={modify.busy} onClick={back}>
          Back
        </button>
      </div>
      {modify.problem && <Problem text={modify.problem} />}
    </form>
  );
}

const BY_POLICY = "If the policy lets that action run by itself, it begins at once; else another person has to say yes to it.";

interface OptionProps {
  of: string;
  autoFocus?: boolean;
  checked: boolean;
  choose: () => void;
  text: string;
}

function Option({ of, autoFocus = false, checked, choose, text }: OptionProps) {
  return (
    <label className="choice">
      <input type="radio" name={`instead-${of}`} autoFocus={autoFocus} checked={checked} onChange={choose} />
      {text}
    </label>
  );
}

interface FieldProps {
  action: Action;
  choice: ValueChoice;
  text: string;
  change: (text: string) => void;
  wrong: string | null;
  disabled: boolean;
}

function ValueField({ action, choice, text, change, wrong, disabled }: FieldProps) {
  const id = useId();
  const live = useKnown(action.site, action.write?.signal ?? "");
  const present = live?.reading.quality === "GOOD" ? live.reading.value : null;
  const judgement = judged(text, choice);
  const warning = !disabled && "value" in judgement ? stepWarning(judgement.value, present, choice) : null;
  return (
    <div className="value">
      <label htmlFor={id} className="unseen">
        Value{choice.unit === "" ? "" : ` in ${choice.unit}`}
      </label>
      <input
        id={id}
        value={text}
        autoFocus
        disabled={disabled}
        inputMode="decimal"
        autoComplete="off"
        maxLength={24}
        aria-describedby={`${id}-hint`}
        aria-invalid={wrong !== null}
        onChange={(event) => change(event.target.value)}
      />
      <span className="unit">{choice.unit}</span>
      <p id={`${id}-hint`} className={wrong === null ? "label" : "warn"} role={wrong === null ? undefined : "alert"}>
        {wrong ?? choice.hint}
      </p>
      {warning && <p className="warn">{warning}</p>}
    </div>
  );
}
