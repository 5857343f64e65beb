// Asking somebody else to answer: by pseudonym, with those offered who are known outside.
import type { FormEvent } from "react";
import { useAsk } from "../../api/ask.ts";
import { Delegate } from "../../api/changes.ts";
import type { Action } from "../../api/fragments.ts";
import { Problem } from "../../parts/notice.tsx";
import { PersonField, usePerson } from "../../parts/person-field.tsx";

interface Props {
  action: Action;
  back: () => void;
  done: (words: string) => void;
}

export function DelegateForm({ action, back, done }: Props) {
  const delegate = useAsk(Delegate);
  const person = usePerson();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const to = person.checked();
    if (to === null) return;
    void delegate.ask({ action: action.id, to }).then((answered) => {
      if (answered !== null && answered.kind !== "REFUSED") done(answered.kind === "DONE" ? `${to} is asked now.` : `${to} was asked already.`);
    });
  };
  return (
    <form onSubmit={submit} noValidate>
      <PersonField person={person} text="Who should answer" autoFocus />
      <p className="by">They are told, and their answer counts beside everybody's who may answer already.</p>
      <div className="buttons">
        <button type="submit" disabled={delegate.busy}>
          Ask
        </button>
        <button type="button" disabled={delegate.busy} onClick={back}>
          Back
        </button>
      </div>
      {delegate.problem && <Problem text={delegate.problem} />}
    </form>
  );
}
