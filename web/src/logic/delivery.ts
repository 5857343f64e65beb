// What leaves the house: to whom by which way, how far it came, and what it says.
import type { Notice } from "../api/fragments.ts";
import { wayName } from "./ways.ts";
import { plural } from "./words.ts";

/** `whatsapp:ann` as `to ann by WhatsApp`. */
export function targetText(target: string): string {
  const [adapter = "", ...rest] = target.split(":");
  const to = rest.join(":");
  if (adapter.startsWith("tickets/")) return `to the case's ticket in ${wayName(adapter.slice("tickets/".length))}`;
  if (adapter === "notice") return `to ${to} as a notice`;
  if (adapter === "mqtt") return `to the topic ${to} by MQTT`;
  return to === "" ? `to ${target}` : `to ${to} by ${wayName(adapter)}`;
}

export type Mark = "done" | "going" | "waiting" | "failed" | "unknown" | "dropped";

export interface Delivery {
  mark: Mark;
  word: string;
  /** What there is to say beside the word. */
  text: string;
  /** A moment that is still to come. */
  until: string | null;
  /** When it came so far. */
  at: string;
}

type Staged = Pick<Notice, "stage" | "attempts" | "reason" | "retryAt" | "readAt" | "changedAt" | "wantedAt">;

export function deliveryOf(notice: Staged): Delivery {
  const { stage, attempts, reason, retryAt, readAt, changedAt } = notice;
  const why = reason ?? "no reason was given";
  const told = { until: null, at: changedAt, text: "" };
  switch (stage) {
    case "WANTED":
      return { ...told, mark: "going", word: "To be sent", text: attempts > 0 ? "again" : "" };
    case "ATTEMPTED":
      return { ...told, mark: "going", word: "Being sent", text: attempts > 1 ? `attempt ${attempts}` : "" };
    case "WAITING":
      return { ...told, mark: "waiting", word: "Waits", until: retryAt, text: `${plural(attempts, "attempt")} failed: ${why}` };
    case "DONE":
      if (readAt !== null) return { ...told, mark: "done", word: "Read", at: readAt };
      return { ...told, mark: "done", word: "Delivered", text: attempts > 1 ? `at attempt ${attempts}` : "" };
    case "DEAD":
      return { ...told, mark: "failed", word: "Given up", text: `after ${plural(attempts, "attempt")}: ${why}` };
    case "UNKNOWN":
      return { ...told, mark: "unknown", word: "Unknown", text: `sent, and nobody knows whether it arrived: ${why}` };
    case "DROPPED":
      return { ...told, mark: "dropped", word: "Dropped", text: "it is not delivered any more" };
    default:
      // A stage of a newer server is shown by its own word rather than hidden.
      return { ...told, mark: "unknown", word: stage, text: "" };
  }
}

/** What is known of a letter that waits for a person before it goes out once more. */
export function beforeRetry({ stage }: Pick<Notice, "stage">): { warning: string | null; yes: string } {
  if (stage !== "UNKNOWN") return { warning: null, yes: "Yes, try again" };
  return { warning: "It may have arrived. Ask first: sent again, it may come twice.", yes: "Yes, even if it comes twice" };
}

/** What it says, out of the shape that its adapter reads: a chat's message, ticket work, or anything else. */
export function wordsOf(body: string): string {
  const read = parsed(body);
  if (typeof read !== "object" || read === null) return body;
  const message = read as Partial<Record<string, unknown>>;
  if (typeof message["text"] === "string") return [message["text"], ...linesOf(message["links"])].join("\n");
  const [work] = Object.values(message);
  const said = ticketWords(work);
  return said ?? JSON.stringify(read, null, 2);
}

function ticketWords(work: unknown): string | null {
  if (typeof work !== "object" || work === null) return null;
  const { text, body } = work as { text?: { title?: unknown; body?: unknown }; body?: unknown };
  if (typeof body === "string") return body;
  return typeof text?.title === "string" && typeof text.body === "string" ? `${text.title}\n${text.body}` : null;
}

function linesOf(links: unknown): string[] {
  if (!Array.isArray(links)) return [];
  return links.flatMap((link: { title?: unknown; url?: unknown } | null) => (typeof link?.url === "string" ? [`${String(link.title ?? "Link")}: ${link.url}`] : []));
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
