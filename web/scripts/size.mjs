// Refuses a build that has grown past what a phone on a plant's radio should have to load.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const limit = 300_000;
const assets = new URL("../dist/assets/", import.meta.url).pathname;
const total = readdirSync(assets).reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
console.log(`page: ${(total / 1000).toFixed(1)} kB gzipped (limit ${limit / 1000} kB)`);
if (total > limit) {
  console.error("the page is too large: see which import grew it with `npx vite build --debug`");
  process.exit(1);
}
