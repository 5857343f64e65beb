// A proof holds for exactly the fact, the place and the root that it was made for.
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { bytesOf, hexOf, type Inclusion, leads } from "./merkle.ts";

const sha = (...parts: Uint8Array[]) => new Uint8Array(createHash("sha256").update(Buffer.concat(parts)).digest());
const digest = async (bytes: Uint8Array) => sha(bytes);
const [ZERO, ONE] = [Uint8Array.of(0), Uint8Array.of(1)];
const leafOf = (place: number) => hexOf(sha(Uint8Array.of(place)));

/** As RFC 6962 says it, from the top down. */
function rootOf(leaves: readonly string[]): Uint8Array {
  if (leaves.length === 1) return sha(ZERO, bytesOf(leaves[0] ?? ""));
  const middle = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha(ONE, rootOf(leaves.slice(0, middle)), rootOf(leaves.slice(middle)));
}

function pathOf(place: number, leaves: readonly string[]): string[] {
  if (leaves.length === 1) return [];
  const middle = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return place < middle
    ? [...pathOf(place, leaves.slice(0, middle)), hexOf(rootOf(leaves.slice(middle)))]
    : [...pathOf(place - middle, leaves.slice(middle)), hexOf(rootOf(leaves.slice(0, middle)))];
}

function proofOf(seq: number, treeSize: number): Inclusion {
  const leaves = Array.from({ length: treeSize }, (_, place) => leafOf(place));
  return { leaf: leafOf(seq), seq, treeSize, path: pathOf(seq, leaves), root: hexOf(rootOf(leaves)) };
}

test("every fact of every small tree is proved", async () => {
  for (let size = 1; size <= 17; size += 1) for (let seq = 0; seq < size; seq += 1) expect(await leads(proofOf(seq, size), digest), `${seq} of ${size}`).toBe(true);
});

test("another fact, place, size, path or root is not", async () => {
  const proof = proofOf(5, 11);
  const others: Partial<Inclusion>[] = [{ leaf: leafOf(6) }, { seq: 4 }, { seq: 11 }, { treeSize: 30 }, { path: proof.path.slice(1) }, { path: [...proof.path, leafOf(1)] }, { path: proof.path.toReversed() }, { root: leafOf(0) }];
  for (const other of others) expect(await leads({ ...proof, ...other }, digest), JSON.stringify(other)).toBe(false);
});
