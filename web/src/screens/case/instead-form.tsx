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
            <Option of={action.id} checked={name === null} choose={() => setName(null)} text="Another value" />
            {name === null && <ValueField action={action} choice={choice} text={text} change={setText} wrong={wrong} />}
          </>
        )}
        {others.map((other) => (
          <Option key={other} of={action.id} checked={name === other} choose={() => setName(other)} text={humanise(other)} />
        ))}
      </fieldset>
      <p className="by">
        It takes this proposal's place. {name === null ? "Another person then has to say yes to it: nobody approves what they proposed themselves." : BY_POLICY}
      </p>
      <div className="buttons">
        <button type="submit" disabled={modify.busy}>
          Propose it instead
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

function Option({ of, checked, choose, text }: { of: string; checked: boolean; choose: () => void; text: string }) {
  return (
    <label className="choice">
      <input type="radio" name={`instead-${of}`} checked={checked} onChange={choose} />
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
}

function ValueField({ action, choice, text, change, wrong }: FieldProps) {
  const id = useId();
  const live = useKnown(action.site, action.write?.signal ?? "");
  const present = live?.reading.quality === "GOOD" ? live.reading.value : null;
  const judgement = judged(text, choice);
  const warning = "value" in judgement ? stepWarning(judgement.value, present, choice) : null;
  return (
    <div className="value">
      <label htmlFor={id} className="unseen">
        Value{choice.unit === "" ? "" : ` in ${choice.unit}`}
      </label>
      <input
        id={id}
        value={text}
        autoFocus
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
