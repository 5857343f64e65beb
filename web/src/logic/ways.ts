// The ways in which somebody or something is reached or known outside, by the names that people use.
import { humanise } from "./words.ts";

const NAMES: Record<string, string> = {
  whatsapp: "WhatsApp", telegram: "Telegram", email: "email", github: "GitHub", salesforce: "Salesforce", trello: "Trello",
  webhook: "webhook", mqtt: "MQTT", notice: "notice", builtin: "Millwright",
};

/** A way of a newer server is called by its own word. */
export function wayName(way: string): string {
  return NAMES[way] ?? humanise(way);
}

/** At the beginning of a line. */
export function wayTitle(way: string): string {
  const name = wayName(way);
  return name.charAt(0).toUpperCase() + name.slice(1);
}
