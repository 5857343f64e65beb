// Making a code that proves whose an address is.
import { type FormEvent, useState } from "react";
import { PROVABLE } from "../../logic/people.ts";
import { Problem } from "../../parts/notice.tsx";
import { PersonField, usePerson } from "../../parts/person-field.tsx";
import type { Offering } from "./offer.ts";
import { WayField } from "./way-field.tsx";

export function CodeForm({ offer }: { offer: Offering }) {
  const person = usePerson();
  const [way, setWay] = useState("whatsapp");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const whose = person.checked();
    if (whose !== null) void offer.make(whose, way);
  };
  const failed = offer.problem !== null && offer.problem.person === person.text.trim() && offer.problem.way === way ? offer.problem.text : null;
  return (
    <section className="panel" aria-labelledby="make-code">
      <h2 id="make-code">Prove an address</h2>
      <p className="by">A code is sent from the address within ten minutes. From then on answers from there count: a yes, a no, “fixed”.</p>
      <form onSubmit={submit} noValidate>
        <PersonField person={person} text="Whose" />
        <WayField ways={PROVABLE} way={way} set={setWay} />
        <button type="submit" disabled={offer.busy}>
          Make a code
        </button>
      </form>
      {failed && <Problem text={failed} />}
    </section>
  );
}
