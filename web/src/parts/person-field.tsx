// The field for a person's pseudonym, with those who are known offered as one types.
import { useId, useState } from "react";
import { ContactsQuery } from "../api/people.ts";
import { useAsked } from "../api/use-asked.ts";
import { byPerson, personProblem } from "../logic/people.ts";

export interface Person {
  text: string;
  set: (text: string) => void;
  wrong: string | null;
  /** The pseudonym, or null after saying what is wrong with it. */
  checked: () => string | null;
}

export function usePerson(): Person {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const set = (typed: string) => {
    setText(typed);
    setWrong(null);
  };
  const checked = () => {
    const person = text.trim();
    const problem = personProblem(person);
    setWrong(problem);
    return problem === null ? person : null;
  };
  return { text, set, wrong, checked };
}

export function PersonField({ person, text, autoFocus = false }: { person: Person; text: string; autoFocus?: boolean }) {
  const id = useId();
  // Without it one types the name in full.
  const known = byPerson(useAsked(ContactsQuery, { atLeast: null }).data?.contacts ?? []);
  return (
    <div className="field">
      <label htmlFor={id}>
        <span className="label">{text}</span>
      </label>
      <input
        id={id}
        value={person.text}
        list={`${id}-known`}
        autoFocus={autoFocus}
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        maxLength={96}
        placeholder="pseudonym, such as ann"
        aria-invalid={person.wrong !== null}
        aria-describedby={person.wrong === null ? undefined : `${id}-wrong`}
        onChange={(event) => person.set(event.target.value)}
      />
      <datalist id={`${id}-known`}>
        {known.map((one) => (
          <option key={one.person} value={one.person} />
        ))}
      </datalist>
      {person.wrong !== null && (
        <p id={`${id}-wrong`} className="warn" role="alert">
          {person.wrong}
        </p>
      )}
    </div>
  );
}
