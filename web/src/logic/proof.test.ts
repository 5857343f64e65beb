// A proof holds for what is shown beside it, and a signature for the very text under it.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { expect, test } from "vitest";
import { type Claim, isSigned, noteSays, recordHash, verdictOn, wrongIn } from "./proof.ts";

const digest = async (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());
const sha = (...parts: Buffer[]) => createHash("sha256").update(Buffer.concat(parts)).digest();

/** The key of which every byte is 7. */
const secret = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 7)]), format: "der", type: "pkcs8" });
const publicKey = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32).toString("base64");

const RECORD = '{"seq":1,"type":"AlertRaised","data":{"says":"70 °C"}}';
const previousHash = "11".repeat(32);

function made(): Claim {
  const leaf = sha(Buffer.from(previousHash, "hex"), Buffer.from("0000000000000001", "hex"), Buffer.from(RECORD));
  const sibling = Buffer.alloc(32, 5);
  const root = sha(Buffer.of(1), sibling, sha(Buffer.of(0), leaf));
  const text = `example.com/millwright/ledger/demo\n2\n${root.toString("base64")}\nchain ${leaf.toString("hex")}\n`;
  const signature = Buffer.concat([Buffer.of(1, 2, 3, 4), sign(null, Buffer.from(text), secret)]).toString("base64");
  const checkpoint = { note: `${text}\n— example.com/millwright/ledger/demo ${signature}\n`, signature, publicKey };
  return { partition: "ledger/demo", seq: 1, record: RECORD, previousHash, leaf: leaf.toString("hex"), path: [sibling.toString("hex")], treeSize: 2, root: root.toString("hex"), checkpoint };
}

const claim = made();
const listed = { hash: claim.leaf, json: RECORD };
const ALL = { record: true, path: true, note: true, signature: true };

test("a fact, its path and the signature over its root hold together", async () => {
  expect(await verdictOn(claim, listed, digest)).toEqual(ALL);
  expect(wrongIn(ALL)).toEqual([]);
  expect(wrongIn({ ...ALL, path: false, signature: null })).toEqual([expect.stringContaining("path")]);
});

test("another text, another fact beside it, another hash before it is another record", async () => {
  const changed = RECORD.replace("70", "71");
  expect(await verdictOn({ ...claim, record: changed }, { ...listed, json: changed }, digest)).toEqual({ ...ALL, record: false });
  expect(await verdictOn(claim, { ...listed, json: changed }, digest)).toEqual({ ...ALL, record: false });
  expect(await verdictOn(claim, { ...listed, hash: previousHash }, digest)).toEqual({ ...ALL, record: false });
  expect(await recordHash({ ...claim, seq: 2 }, digest)).not.toBe(claim.leaf);
});

test("a note about another part, size or root is not this checkpoint", () => {
  const { note } = claim.checkpoint;
  expect(noteSays(note, claim)).toBe(true);
  for (const other of [{ partition: "ledger/else" }, { treeSize: 3 }, { root: claim.leaf }]) expect(noteSays(note, { ...claim, ...other }), JSON.stringify(other)).toBe(false);
  expect(noteSays("nonsense", claim)).toBe(false);
});

test("a changed note, signature or key is not signed", async () => {
  const { note, signature } = claim.checkpoint;
  expect(await isSigned({ ...claim.checkpoint, note: note.replace("\n2\n", "\n3\n") })).toBe(false);
  expect(await isSigned({ ...claim.checkpoint, signature: signature.replace(/^....../, "AAAAAA").replace(/......$/, "AAAA==") })).toBe(false);
  expect(await isSigned({ ...claim.checkpoint, publicKey: Buffer.alloc(32, 9).toString("base64") })).toBe(false);
  expect(await isSigned({ ...claim.checkpoint, note: "no note at all" })).toBe(false);
});

test("a note that another program signed is verified", async () => {
  // The example in Go's documentation of signed notes.
  const note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
  const signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
  // The byte in front of the key says that it is of Ed25519.
  const key = Buffer.from("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "base64").subarray(1).toString("base64");
  expect(await isSigned({ note, signature, publicKey: key })).toBe(true);
});
