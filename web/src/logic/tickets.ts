// A case's tickets outside: their names, where a person looks at them, and what people did there last.
import type { Ticket } from "../api/fragments.ts";
import { wayName } from "./ways.ts";
import { humanise } from "./words.ts";

/** `GitHub #42`; long ids are for programs, their beginning tells two apart. */
export function ticketName({ system, ticket }: Pick<Ticket, "system" | "ticket">): string {
  const number = /^\d{1,9}$/.test(ticket) ? `#${ticket}` : ticket.length > 14 ? `${ticket.slice(0, 12)}…` : ticket;
  return `${wayName(system)} ${number}`;
}

/** Null where nothing is to be followed from a page of ours. */
export function linkOf(url: string | null): string | null {
  if (url === null) return null;
  return /^https?:\/\//.test(url) || /^\/(?!\/)/.test(url) ? url : null;
}

const DEEDS: Record<NonNullable<Ticket["lastDeed"]>, string> = { COMMENTED: "Commented on", CLOSED: "Closed", REOPENED: "Reopened", LABELLED: "Labelled" };

export function deedText({ lastDeed, lastMeant, lastBy }: Pick<Ticket, "lastDeed" | "lastMeant" | "lastBy">): string {
  if (lastDeed === null) return "No person has done anything there yet";
  const who = lastBy ?? "somebody who is not enrolled here";
  const means = lastMeant === null ? "" : `, taken to mean: ${humanise(lastMeant).toLowerCase()}`;
  return `${DEEDS[lastDeed] ?? humanise(lastDeed)} by ${who}${means}`;
}
