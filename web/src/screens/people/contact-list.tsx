// Each person with the ways that lead to her, and whether answers from there count.
import { useAsk } from "../../api/ask.ts";
import { type Contact, RemoveContact } from "../../api/people.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { byPerson, contactStanding, takesCode } from "../../logic/people.ts";
import { wayName, wayTitle } from "../../logic/ways.ts";
import { plural } from "../../logic/words.ts";
import { Empty, Problem } from "../../parts/notice.tsx";
import type { Tell } from "../../parts/said.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { TwoTaps } from "../../parts/two-taps.tsx";
import { When } from "../../parts/when.tsx";
import type { Offering } from "./offer.ts";

interface Props {
  contacts: readonly Contact[];
  offer: Offering;
  tell: Tell;
}

export function ContactList({ contacts, offer, tell }: Props) {
  if (contacts.length === 0) {
    return <Empty title="Nobody is known outside yet">Make a code below and have it sent from a person's phone, or write an email address down.</Empty>;
  }
  const people = byPerson(contacts);
  return (
    <section className="panel" aria-labelledby="known">
      <h2 id="known">
        How people are known <span className="count">{plural(people.length, "person", "persons")}</span>
      </h2>
      <p className="by">By pseudonym. Of an address only its end is shown.</p>
      <ul className="people">
        {people.map(({ person, contacts: known }) => (
          <li key={person}>
            <h3>{person}</h3>
            <ul>
              {known.map((contact) => (
                <Row key={contact.way} contact={contact} offer={offer} tell={tell} />
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row({ contact, offer, tell }: { contact: Contact; offer: Offering; tell: Tell }) {
  useNow();
  const remove = useAsk(RemoveContact);
  const { person, way, addressHint } = contact;
  const stood = contactStanding(contact, serverNow());
  const about = `${wayName(way)} of ${person}`;
  const problem = remove.problem ?? (offer.problem?.person === person && offer.problem.way === way ? offer.problem.text : null);
  return (
    <li className="contact" data-state={stood.state}>
      <p className="way">
        <strong>{wayTitle(way)}</strong> {addressHint !== null && <span className="address">{addressHint}</span>}
      </p>
      <p className="standing">
        <span className="word">{stood.word}</span>: {stood.says}
        <span className="feature">
          {" "}
          · <When at={contact.changedAt} title="Real time" />
        </span>
      </p>
      <Deeds quiet>
        <div className="buttons">
          {takesCode(contact, serverNow()) && (
            <button type="button" className="small" disabled={offer.busy} onClick={() => void offer.make(person, way)}>
              {stood.state === "plain" ? "Prove it" : "New code"}
              <span className="unseen">: {about}</span>
            </button>
          )}
          <TwoTaps text="Remove" about={about} yes="Yes, remove it" busy={remove.busy} act={() => void remove.ask({ person, way }).then((answered) => tell(answered, `${about}: removed`))} />
        </div>
      </Deeds>
      {problem && <Problem text={problem} />}
    </li>
  );
}
