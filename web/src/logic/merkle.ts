// The arithmetic of a proof (RFC 6962), done on the reader's own device: does the path lead from the fact to the signed root?

export interface Inclusion {
  leaf: string;
  seq: number;
  path: readonly string[];
  treeSize: number;
  root: string;
}

export type Digest = (bytes: Uint8Array) => Promise<Uint8Array>;

/** Browsers do arithmetic of this kind on secure origins only; null where they do not. */
export const browserDigest: Digest | null =
  globalThis.crypto?.subtle === undefined ? null : async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));

export async function leads({ leaf, seq, path, treeSize, root }: Inclusion, digest: Digest): Promise<boolean> {
  if (seq < 0 || seq >= treeSize) return false;
  let [at, last] = [seq, treeSize - 1];
  let hash = await digest(joined([0], bytesOf(leaf)));
  for (const step of path.map(bytesOf)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = await digest(joined([1], step, hash));
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else hash = await digest(joined([1], hash, step));
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hexOf(hash) === root;
}

/** Not by shifting, which knows 32 bits only. */
const half = (value: number): number => Math.floor(value / 2);

export function joined(...parts: (readonly number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
