// Tickets of cases in systems outside, last opened first.
import type { Ticket } from "../../api/fragments.ts";
import { href } from "../../logic/route.ts";
import { deedText } from "../../logic/tickets.ts";
import { Pager, type Pages } from "../../parts/pager.tsx";
import { TicketLink } from "../../parts/ticket.tsx";
import { When } from "../../parts/when.tsx";

interface Props {
  page: { nodes: readonly Ticket[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } | null;
  pages: Pages;
  loading: boolean;
}

export function TicketTable({ page, pages, loading }: Props) {
  if (page === null) return null;
  const next = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  return (
    <section className="panel" aria-labelledby="tickets">
      <h2 id="tickets">
        Tickets <span className="count">last opened first</span>
      </h2>
      {page.nodes.length === 0 ? <p>None. Where a site's roster names a ticket system, each case gets one there by itself.</p> : <Table tickets={page.nodes} />}
      {(next !== null || pages.newer !== null) && <Pager of="tickets" pages={pages} next={next} loading={loading} />}
    </section>
  );
}

function Table({ tickets }: { tickets: readonly Ticket[] }) {
  return (
    <table className="rows tickets">
      <thead>
        <tr>
          <th scope="col">Ticket</th>
          <th scope="col">Last deed</th>
          <th scope="col">Changed</th>
          <th scope="col">Opened</th>
          <th scope="col">Case</th>
        </tr>
      </thead>
      <tbody>
        {tickets.map((ticket) => (
          <tr key={`${ticket.system}/${ticket.ticket}`}>
            <th scope="row">
              <TicketLink ticket={ticket} />
            </th>
            <td data-label="Last deed">{deedText(ticket)}</td>
            <td data-label="Changed">
              <When at={ticket.changedAt} title="Real time" />
            </td>
            <td data-label="Opened">
              <When at={ticket.openedAt} title="Real time" />
            </td>
            <td data-label="Case">
              <a href={href.case(ticket.caseId)}>See the case</a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
