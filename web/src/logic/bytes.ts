// Bytes as people compare them: in pairs of hex digits, with how many there are.
import { plural } from "./words.ts";

export interface Bytes {
  count: string;
  pairs: string;
}

/** What is not hex is shown as it is. */
export function bytesOf(hex: string): Bytes {
  const pairs = /^([0-9a-f]{2})+$/i.test(hex) ? (hex.toLowerCase().match(/../g) ?? []) : null;
  return pairs === null ? { count: "", pairs: hex } : { count: plural(pairs.length, "byte"), pairs: pairs.join(" ") };
}
