// Who was told about the case, by which way, and whether it arrived.
import { NoticesQuery } from "../../api/outbox.ts";
import type { Case } from "../../api/fragments.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { href } from "../../logic/route.ts";
import { MessageRow } from "../../parts/message.tsx";
import { Problem } from "../../parts/notice.tsx";

const MOST = 30;
const LEAST_MS = 2_000;

export function MessagesPanel({ known }: { known: Case }) {
  const asked = useAsked(NoticesQuery, { case: known.id, first: MOST, after: null, atLeast: null });
  const notices = asked.data?.notices.nodes ?? null;
  const { outside } = usePlant().plantChanges;
  usePaced(`${known.changedAt} ${known.timeline.length} ${outside}`, asked.refresh, LEAST_MS);
  useRefreshOnReturn(asked.refresh);
  const waits = notices?.some((notice) => notice.stage === "DEAD" || notice.stage === "UNKNOWN") ?? false;
  return (
    <section className="panel" aria-labelledby="messages">
      <h2 id="messages">
        Messages {notices !== null && notices.length > 0 && <span className="count">last wanted first</span>}
      </h2>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {notices?.length === 0 && <p className="by">Nobody was told. Whom a case is told, and how, stands in the site's roster.</p>}
      {waits && (
        <p className="warn">
          Not everything arrived. <a href={href.outbox}>Decide in the outbox</a>
        </p>
      )}
      {notices !== null && notices.length > 0 && (
        <ol className="messages">
          {notices.map((notice) => (
            <MessageRow key={notice.id} notice={notice} />
          ))}
        </ol>
      )}
      {asked.data?.notices.pageInfo.hasNextPage && <p className="by">Older ones stand in the outbox.</p>}
    </section>
  );
}
