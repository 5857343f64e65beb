// Letters of the whole crew or about one case. What is in them is data: shown as it was written, and followed by nobody.
import { useMemo } from "react";
import { useAsk } from "../../api/ask.ts";
import { AcknowledgeLetter, type Letter, LettersQuery } from "../../api/crew.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { serverNow } from "../../live/clock.ts";
import { useDue } from "../../live/due.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { canBeAcknowledged, conversationOf, fromText, kindText, stateText, toText } from "../../logic/conversation.ts";
import { href } from "../../logic/route.ts";
import { humanise } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";
import type { Follow } from "./agent-deeds.tsx";
import { LetterForm, Reply } from "./letter-form.tsx";

const MOST = 50;
const LEAST_MS = 500;

export function Letters({ caseId }: { caseId: string | null }) {
  const { plantChanges } = usePlant();
  const asked = useFollowed(LettersQuery, { case: caseId, first: MOST });
  const { data, refresh } = asked;
  usePaced(plantChanges.crew, refresh, LEAST_MS);
  useRefreshOnReturn(refresh);
  const { open, rest } = useMemo(() => conversationOf(data ? [data.latest.nodes, data.waiting.nodes, data.escalated.nodes] : [], serverNow()), [data]);
  useDue(useMemo(() => open.flatMap((letter) => letter.ackBy ?? []), [open]), refresh);
  return (
    <>
      {asked.problem && <Problem text={asked.problem} retry={refresh} />}
      {data === null && !asked.problem && caseId === null && <Loading what="the letters" />}
      {data !== null && caseId === null && open.length + rest.length === 0 && <Empty title="Nothing was written">Agents write here when they find, ask or need something.</Empty>}
      {open.length > 0 && <List title={caseId === null ? "To be acknowledged" : "Letters to be acknowledged"} letters={open} follow={asked.follow} />}
      {rest.length > 0 && <List title={caseId !== null ? "Letters of the crew" : open.length > 0 ? "Everything else" : "Written"} letters={rest} follow={asked.follow} />}
      {data?.latest.pageInfo.hasNextPage && <p className="by">Older ones stand in the audit.</p>}
      {data !== null && caseId === null && (
        <details className="panel newtask">
          <summary>Write to the crew</summary>
          <Deeds>
            <LetterForm follow={asked.follow} />
          </Deeds>
        </details>
      )}
    </>
  );
}

function List({ title, letters, follow }: { title: string; letters: readonly Letter[]; follow: Follow }) {
  return (
    <section className="panel" aria-label={title}>
      <h2>
        {title} <span className="count">{letters.length}</span>
      </h2>
      <ol className="crewletters">
        {letters.map((letter) => (
          <One key={letter.id} letter={letter} follow={follow} />
        ))}
      </ol>
    </section>
  );
}

function One({ letter, follow }: { letter: Letter; follow: Follow }) {
  return (
    <li data-state={letter.state} data-priority={letter.priority} data-reply={letter.inReplyTo !== null}>
      <p>
        <strong>{fromText(letter.from)}</strong> to {toText(letter.to)} <span className="feature">{letter.inReplyTo !== null && "in reply, "}{kindText(letter.kind)}</span>{" "}
        <span className="urgency">{humanise(letter.priority)}</span> <When at={letter.sentAt} title="Real time" />
      </p>
      <blockquote className="words">{letter.body}</blockquote>
      <p className="by">
        {stateText(letter)}
        {letter.state === "WAITING" && letter.ackBy !== null && (
          <>
            , by <When at={letter.ackBy} title="Real time" /> at the latest
          </>
        )}
        {letter.caseId !== null && (
          <>
            {" "}
            · <a href={href.case(letter.caseId)}>its case</a>
          </>
        )}
        {letter.taskId !== null && (
          <>
            {" "}
            · <a href={href.task(letter.taskId)}>its task</a>
          </>
        )}
      </p>
      {canBeAcknowledged(letter) && <Acknowledge letter={letter} follow={follow} />}
    </li>
  );
}

function Acknowledge({ letter, follow }: { letter: Letter; follow: Follow }) {
  const say = useAsk(AcknowledgeLetter);
  return (
    <Deeds quiet>
      <div className="deedrow">
        <button type="button" className="small" disabled={say.busy} onClick={() => void say.ask({ site: letter.site, letter: letter.id }).then(follow)}>
          Acknowledge<span className="unseen"> the letter of {fromText(letter.from)}</span>
        </button>
        <Reply letter={letter} follow={follow} />
      </div>
      {say.problem && <Problem text={say.problem} />}
    </Deeds>
  );
}
