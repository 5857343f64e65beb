// How people are known outside: which ways there are, what proves an address, and how each stands.
import type { Contact } from "../api/people.ts";

/** In the order in which a plant's people most often have them. */
export const WAYS: readonly string[] = ["whatsapp", "telegram", "email", "github", "trello", "salesforce"];

/** Codes are sent from phones. Who is behind an account, its system knows; mail is not read. */
export const PROVABLE: readonly string[] = ["whatsapp", "telegram"];

const SENDS: Record<string, string> = {
  whatsapp: "Send this from the phone to the plant's WhatsApp number.",
  telegram: "Send this from the phone to the plant's Telegram bot.",
};

export function howToSend(way: string): string {
  return SENDS[way] ?? "Send this to the plant from the address that is to be proved.";
}

export function addressHelp(way: string): string {
  if (way === "email") return "an email address";
  if (way === "whatsapp") return "a number with its country: +49 170 1234567";
  return way === "telegram" ? "the chat's number" : "the account's name";
}

/** Why it cannot be somebody's pseudonym; null where it can. */
export function personProblem(person: string): string | null {
  if (person.startsWith("svc-")) return "Names that begin with svc- are for parts of Millwright.";
  if (/^[a-z0-9][a-z0-9_-]{0,95}$/.test(person)) return null;
  return "A pseudonym has small letters, digits, - and _ only, such as ann or shift-2.";
}

export interface Known {
  person: string;
  contacts: Contact[];
}

export function byPerson(contacts: readonly Contact[]): Known[] {
  const people = new Map<string, Contact[]>();
  for (const contact of contacts) people.set(contact.person, [...(people.get(contact.person) ?? []), contact]);
  return [...people]
    .map(([person, known]) => ({ person, contacts: known.toSorted((a, b) => a.way.localeCompare(b.way)) }))
    .sort((a, b) => a.person.localeCompare(b.person));
}

export interface ContactStood {
  state: "proved" | "plain" | "coded" | "lapsed" | "forgotten";
  word: string;
  says: string;
}

export function contactStanding({ proved, addressHint, codeExpiresAt }: Contact, serverNow: number): ContactStood {
  if (proved) return { state: "proved", word: "Proved", says: "answers from there count" };
  if (codeExpiresAt !== null && Date.parse(codeExpiresAt) > serverNow) return { state: "coded", word: "Code made", says: "waits to be sent from there" };
  if (addressHint !== null) return { state: "plain", word: "Not proved", says: "is told things; what comes from there changes nothing" };
  if (codeExpiresAt !== null) return { state: "lapsed", word: "Code ran out", says: "nobody sent it in time; make a new one" };
  return { state: "forgotten", word: "No address", says: "the person was forgotten" };
}

/** Whether a code would be of use. */
export function takesCode(contact: Contact, serverNow: number): boolean {
  const { state } = contactStanding(contact, serverNow);
  return PROVABLE.includes(contact.way) && state !== "proved" && state !== "forgotten";
}

const CODE_GOOD_FOR_MS = 600_000;

/** Whether the code that was shown has come back from its address; an address that was proved before does not count. */
export function isProved(contacts: readonly Contact[] | null, code: Pick<Contact, "person" | "way"> & { expiresAt: string }): boolean {
  const madeAt = Date.parse(code.expiresAt) - CODE_GOOD_FOR_MS;
  const known = contacts?.find((contact) => contact.person === code.person && contact.way === code.way);
  return known !== undefined && known.proved && known.codeExpiresAt === null && Date.parse(known.changedAt) >= madeAt;
}
