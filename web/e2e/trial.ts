// A new user's first minutes, by a clock: from the address that `millwright demo` prints to a write that was carried out and read back.
// MILLWRIGHT_URL is a demonstration that was just begun, MILLWRIGHT_SHAPE is `phone` or `desktop`; pictures go to MILLWRIGHT_ARTEFACTS.
import type { Page } from "playwright-core";
import { desktop, keep, launch, openPage, phone } from "./browser.ts";
import { go } from "./look.ts";

const address = process.env["MILLWRIGHT_URL"];
if (!address) {
  console.error("MILLWRIGHT_URL is not set: start `millwright demo` and give its address");
  process.exit(2);
}
const shape = process.env["MILLWRIGHT_SHAPE"] === "phone" ? "phone" : "desktop";
const WITHIN_MS = 5 * 60_000;

const began = performance.now();
let acted = Number.POSITIVE_INFINITY;
const errors: string[] = [];
const browser = await launch();
try {
  const { page } = await openPage(await browser.newContext(shape === "phone" ? phone : desktop), address, errors);
  page.setDefaultTimeout(WITHIN_MS);
  await walk(page);
} catch (problem) {
  errors.push(problem instanceof Error ? problem.message : String(problem));
} finally {
  await browser.close();
}
if (errors.length === 0 && acted > WITHIN_MS) errors.push("a new user has been looking for more than five minutes");
for (const error of errors) console.error(`✕ ${error}`);
console.log(errors.length === 0 ? `an approved action within ${Math.round(acted / 1_000)} s` : `${errors.length} problems`);
process.exit(errors.length === 0 ? 0 : 1);

/** Only what the page itself offers is pressed; nobody knows an address by heart on the first day. */
async function walk(page: Page): Promise<void> {
  await page.locator(".card .signal[data-trust='good']").first().waitFor();
  await seen(page, "1-quiet");
  await page.locator(".strip a").first().waitFor();
  await seen(page, "2-waiting");
  await page.locator(".strip a").first().click();
  await page.getByRole("button", { name: "Approve…" }).first().waitFor();
  await page.locator(".plot canvas").first().waitFor();
  await seen(page, "3-case");
  await page.getByRole("button", { name: "Approve…" }).first().click();
  await seen(page, "4-sure");
  await page.getByRole("button", { name: /^Yes, / }).first().click();
  await page.locator(".steps li[data-state='done']").filter({ hasText: "read back" }).first().waitFor();
  await seen(page, "5-carried-out");
  acted = performance.now() - began;
  await go(page, "Plant");
  await page.locator(".card .mark.mitigated").waitFor();
  await seen(page, "6-quieter");
  await page.locator(".card .opencase").first().click();
  await page.getByRole("button", { name: "Record what was found" }).click();
  await page.getByRole("radio", { name: /^Repaired/ }).check();
  await page.getByRole("textbox", { name: "Note" }).fill("Bearing replaced.");
  await seen(page, "7-outcome");
  await page.getByRole("button", { name: "Record and close the case" }).click();
  await page.locator(".casehead .mark.closed").waitFor();
  await seen(page, "8-closed");
}

async function seen(page: Page, name: string): Promise<void> {
  console.log(`${name} after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  await keep(page, `trial-${name}-${shape}`, false);
}
