// What a proof file says, checked on the reader's own device: the record's hash, the path to the root, and who signed that root.
import { bytesOf, type Digest, hexOf, type Inclusion, joined, leads } from "./merkle.ts";

export interface Shown {
  partition: string;
  record: string;
  previousHash: string;
  checkpoint: { note: string; signature: string; publicKey: string };
}

/** A proof of a fact, and the fact as the list beside it shows it. */
export interface Claim extends Inclusion, Shown {}
export interface Listed {
  hash: string;
  json: string;
}

export interface Verdict {
  /** What is shown is what is proved, and its hash follows from its text and the hash before. */
  record: boolean;
  path: boolean;
  /** The signed note is about this part of the ledger, this many facts and this root. */
  note: boolean;
  /** Null where the browser cannot tell. */
  signature: boolean | null;
}

/** What does not hold, in words; empty: nothing was found wrong. */
export function wrongIn({ record, path, note, signature }: Verdict): string[] {
  const wrong: [boolean, string][] = [
    [!record, "The record shown is not the one that was proved: its hash does not follow from its text."],
    [!path, "The path does not lead to the root: the fact is not what was signed."],
    [!note, "The signed note is about something else than this root."],
    [signature === false, "The signature does not fit the note and the key."],
  ];
  return wrong.flatMap(([is, what]) => (is ? [what] : []));
}

export async function verdictOn(claim: Claim, listed: Listed, digest: Digest): Promise<Verdict> {
  const leaf = await recordHash(claim, digest);
  return {
    record: leaf === claim.leaf && leaf === listed.hash && claim.record === listed.json,
    path: await leads(claim, digest),
    note: noteSays(claim.checkpoint.note, claim),
    signature: await isSigned(claim.checkpoint),
  };
}

/** SHA-256 over the hash before, the place as eight bytes, and the stored text. */
export async function recordHash({ previousHash, seq, record }: { previousHash: string; seq: number; record: string }, digest: Digest): Promise<string> {
  const place = new Uint8Array(8);
  new DataView(place.buffer).setBigUint64(0, BigInt(seq));
  return hexOf(await digest(joined(bytesOf(previousHash), place, new TextEncoder().encode(record))));
}

/** A checkpoint's text is an origin that ends in the partition, a size, and the root in base64. */
export function noteSays(note: string, { partition, treeSize, root }: { partition: string; treeSize: number; root: string }): boolean {
  const [origin = "", size, signed = ""] = note.split("\n");
  return origin.endsWith(`/${partition}`) && size === String(treeSize) && hexOf(fromBase64(signed)) === root;
}

/** Four bytes in front of a signature name its key. */
const KEY_ID = 4;

export async function isSigned({ note, signature, publicKey }: { note: string; signature: string; publicKey: string }): Promise<boolean | null> {
  const end = note.lastIndexOf("\n\n");
  if (end < 0) return false;
  const text = new TextEncoder().encode(note.slice(0, end + 1));
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("raw", fromBase64(publicKey) as BufferSource, { name: "Ed25519" }, false, ["verify"]);
  } catch (failed) {
    // A key that is none is not a browser that cannot.
    return failed instanceof DOMException && failed.name === "DataError" ? false : null;
  }
  return crypto.subtle.verify({ name: "Ed25519" }, key, fromBase64(signature).slice(KEY_ID) as BufferSource, text as BufferSource);
}

/** What is no base64 is no bytes. */
function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
