// One ticket outside: its name, as a link where there is a place to go, and what was done there last.
import type { Ticket } from "../api/fragments.ts";
import { deedText, linkOf, ticketName } from "../logic/tickets.ts";
import { When } from "./when.tsx";

export function TicketLink({ ticket }: { ticket: Ticket }) {
  const link = linkOf(ticket.url);
  const name = ticketName(ticket);
  if (link === null) return <strong title={ticket.ticket}>{name}</strong>;
  return (
    <a href={link} title={ticket.ticket} target="_blank" rel="noopener noreferrer">
      <strong>{name}</strong>
      <span className="unseen"> (opens in a new window)</span>
    </a>
  );
}

export function TicketLine({ ticket }: { ticket: Ticket }) {
  return (
    <p className="feature">
      {deedText(ticket)}, <When at={ticket.changedAt} title="Real time" named />
    </p>
  );
}
