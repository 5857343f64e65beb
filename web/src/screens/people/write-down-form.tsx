// Writing an address down that nobody has proved: it is told things, and nothing that comes from there counts.
import { type FormEvent, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { EnrolContact } from "../../api/people.ts";
import { addressHelp, WAYS } from "../../logic/people.ts";
import { wayName } from "../../logic/ways.ts";
import { Problem } from "../../parts/notice.tsx";
import { PersonField, usePerson } from "../../parts/person-field.tsx";
import type { Tell } from "../../parts/said.ts";
import { WayField } from "./way-field.tsx";

export function WriteDownForm({ tell }: { tell: Tell }) {
  const enrol = useAsk(EnrolContact);
  const person = usePerson();
  const [way, setWay] = useState("email");
  const [address, setAddress] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const whose = person.checked();
    if (whose === null || address.trim() === "") return;
    void enrol.ask({ person: whose, way, address: address.trim() }).then((answered) => {
      if (answered !== null && answered.kind !== "REFUSED") {
        person.set("");
        setAddress("");
      }
      tell(answered, `${wayName(way)} of ${whose}: written down`);
    });
  };
  return (
    <section className="panel" aria-labelledby="write-down">
      <h2 id="write-down">Write an address down</h2>
      <p className="by">It is told things. What comes from there changes nothing until a code has proved it. It takes the place of a former address of that way.</p>
      <form onSubmit={submit} noValidate>
        <PersonField person={person} text="Whose" />
        <WayField ways={WAYS} way={way} set={setWay} />
        <label className="field">
          <span className="label">Address: {addressHelp(way)}</span>
          <input
            value={address}
            type={way === "email" ? "email" : way === "whatsapp" ? "tel" : "text"}
            autoCapitalize="off"
            autoComplete="off"
            spellCheck={false}
            maxLength={254}
            onChange={(event) => setAddress(event.target.value)}
          />
        </label>
        <button type="submit" disabled={enrol.busy || address.trim() === ""}>
          Write it down
        </button>
      </form>
      {enrol.problem && <Problem text={enrol.problem} />}
    </section>
  );
}
