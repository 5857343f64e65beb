// Where outside the case is followed, and what people did there last.
import type { Case } from "../../api/fragments.ts";
import { href } from "../../logic/route.ts";
import { plural } from "../../logic/words.ts";
import { TicketLine, TicketLink } from "../../parts/ticket.tsx";

export function TicketsPanel({ known }: { known: Case }) {
  return (
    <section className="panel" aria-labelledby="tickets">
      <h2 id="tickets">
        Tickets {known.tickets.length > 0 && <span className="count">{plural(known.tickets.length, "ticket")}</span>}
      </h2>
      {known.tickets.length === 0 && <p className="by">None. Where the site's roster names a ticket system, a case gets one there by itself.</p>}
      {known.tickets.length > 0 && known.status === "CLOSED" && (
        <p className="by">
          The case is closed, and its tickets are told so through the <a href={href.outbox}>outbox</a>. Below is what people did there.
        </p>
      )}
      {known.tickets.length > 0 && (
        <ul className="ticketlist">
          {known.tickets.map((ticket) => (
            <li key={`${ticket.system}/${ticket.ticket}`}>
              <p>
                <TicketLink ticket={ticket} />
              </p>
              <TicketLine ticket={ticket} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
