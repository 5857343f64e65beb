// What leaves the house: first what waits for a person, then what is under way and what arrived, and the tickets outside.
import { useCallback } from "react";
import type { Answered } from "../../api/fragments.ts";
import { NoticesQuery, TicketsQuery } from "../../api/outbox.ts";
import { HealthQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useFollowed, useLast } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { useLetters } from "../../live/letters.tsx";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { AsOf } from "../../parts/as-of.tsx";
import { Loading, Problem } from "../../parts/notice.tsx";
import { usePages } from "../../parts/pager.tsx";
import { PartList } from "../../parts/part-list.tsx";
import { useSaid } from "../../parts/said.ts";
import { Latest } from "./latest.tsx";
import { TicketTable } from "./ticket-table.tsx";
import { Waiting } from "./waiting.tsx";

const PAGE = 25;
const LEAST_MS = 2_000;

export function OutboxScreen() {
  const letters = useLetters();
  const pages = usePages();
  const latest = useFollowed(NoticesQuery, { case: null, first: PAGE, after: pages.after });
  const ticketPages = usePages();
  const tickets = useAsked(TicketsQuery, { first: PAGE, after: ticketPages.after });
  const ticketPage = useLast(tickets.data)?.tickets ?? null;
  const health = useAsked(HealthQuery, {});

  const refresh = useAll(letters.refresh, latest.refresh, tickets.refresh, health.refresh);
  usePaced(usePlant().plantChanges.any, refresh, LEAST_MS);
  useRefreshOnReturn(refresh);
  const { said, tell, element } = useSaid(letters.data, (answered: Answered | null) => {
    letters.follow(answered);
    latest.follow(answered);
  });

  const waiting = letters.data?.deadLetters ?? null;
  const problem = letters.problem ?? latest.problem ?? tickets.problem;
  const parts = health.data?.health.parts.filter((part) => /^(outbox|messages)/.test(part.name)) ?? [];
  return (
    <>
      <header className="pagehead">
        <h1>Outbox</h1>
        <AsOf read={letters.data} loading={letters.loading} refresh={refresh} />
      </header>
      <p ref={element} tabIndex={-1} className="said" role="status">
        {said}
      </p>
      {problem && <Problem text={problem} retry={refresh} />}
      {waiting ? <Waiting letters={waiting} tell={tell} /> : !problem && <Loading what="the outbox" />}
      {latest.data && <Latest page={latest.data.notices} pages={pages} loading={latest.loading} />}
      <TicketTable page={ticketPage} pages={ticketPages} loading={tickets.loading} />
      {parts.length > 0 && (
        <section className="panel" aria-labelledby="outbox-parts">
          <h2 id="outbox-parts">What delivers</h2>
          <PartList parts={parts} />
        </section>
      )}
    </>
  );
}

function useAll(...refreshes: (() => void)[]): () => void {
  return useCallback(() => {
    for (const refresh of refreshes) refresh();
    // Each is the same for as long as its question is.
  }, refreshes);
}
