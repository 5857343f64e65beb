// What waits for a person: given up, or sent with no telling whether it arrived. Tried again or dropped, with two taps.
import { useAsk } from "../../api/ask.ts";
import type { Notice } from "../../api/fragments.ts";
import { DropNotice, RetryNotice } from "../../api/outbox.ts";
import { usePlant } from "../../live/plant.tsx";
import { beforeRetry, deliveryOf, targetText } from "../../logic/delivery.ts";
import { href } from "../../logic/route.ts";
import { plural } from "../../logic/words.ts";
import { DeliveryMark, Words } from "../../parts/message.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import type { Tell } from "../../parts/said.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { TwoTaps } from "../../parts/two-taps.tsx";
import { When } from "../../parts/when.tsx";

/** The server tells no more at once. */
const MOST = 200;

export function Waiting({ letters, tell }: { letters: readonly Notice[]; tell: Tell }) {
  if (letters.length === 0) return <Empty title="Nothing waits for you">What cannot be delivered comes here, for a person to have it tried again or to drop it.</Empty>;
  return (
    <section className="panel letters" aria-labelledby="letters">
      <h2 id="letters">
        Waiting for a person <span className="count">{letters.length < MOST ? letters.length : `the oldest ${MOST}`}</span>
      </h2>
      <p className="by">Nothing more is done about these until somebody decides. The oldest stands first.</p>
      <ul>
        {letters.map((letter) => (
          <Letter key={letter.id} letter={letter} tell={tell} />
        ))}
      </ul>
    </section>
  );
}

function Letter({ letter, tell }: { letter: Notice; tell: Tell }) {
  const { plants } = usePlant();
  const delivery = deliveryOf(letter);
  const site = plants !== null && plants.length > 1 ? plants.find((plant) => plant.site === letter.site)?.name : undefined;
  return (
    <li className="letter" data-stage={letter.stage} data-id={letter.id}>
      <DeliveryMark mark={delivery.mark} word={letter.stage === "UNKNOWN" ? "May have arrived" : delivery.word} />
      <div className="what">
        <p>
          <strong>{letter.subject}</strong> {targetText(letter.target)}
        </p>
        <p className="reason">{letter.reason ?? "No reason was given."}</p>
        <p className="feature">
          {site !== undefined && `${site} · `}
          wanted <When at={letter.wantedAt} title="Real time" />, {plural(letter.attempts, "attempt")}, the last one ended <When at={letter.changedAt} title="Real time" />
          {letter.caseId !== null && (
            <>
              {" · "}
              <a href={href.case(letter.caseId)}>See its case</a>
            </>
          )}
        </p>
        <Words notice={letter} />
      </div>
      <LetterDeeds letter={letter} tell={tell} />
    </li>
  );
}

function LetterDeeds({ letter, tell }: { letter: Notice; tell: Tell }) {
  const retry = useAsk(RetryNotice);
  const drop = useAsk(DropNotice);
  const busy = retry.busy || drop.busy;
  const problem = retry.problem ?? drop.problem;
  const { warning, yes } = beforeRetry(letter);
  const name = `${letter.subject} ${targetText(letter.target)}`;
  return (
    <div className="deeds">
      {warning && <p className="warn">{warning}</p>}
      <Deeds quiet>
        <div className="buttons">
          <TwoTaps text="Try again" about={name} yes={yes} busy={busy} act={() => void retry.ask({ notice: letter.id }).then((answered) => tell(answered, `${letter.subject}: to be tried again`))} />
          <TwoTaps text="Drop" about={name} yes="Yes, never deliver it" busy={busy} act={() => void drop.ask({ notice: letter.id }).then((answered) => tell(answered, `${letter.subject}: dropped`))} />
        </div>
      </Deeds>
      {problem && <Problem text={problem} />}
    </div>
  );
}
