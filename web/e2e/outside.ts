// What leaves the house and whom it reaches: letters tried again and dropped, a code made and come back, an address written down.
import type { Page } from "playwright-core";
import { keep } from "./browser.ts";
import { go, type Look, standIn } from "./look.ts";

export async function emptyOutbox(look: Look, wide: Page, small: Page): Promise<void> {
  for (const page of [wide, small]) {
    await go(page, "Outbox");
    await page.locator(".letter, .empty").first().waitFor();
    await page.getByRole("heading", { name: "Tickets" }).waitFor();
  }
  await look("outbox", wide, small);
  if (!standIn) return;
  await wide.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Outbox 3 undelivered" }).waitFor();
  await retry(look, small);
  await drop(wide);
  await look("outbox-decided", wide);
  await small.evaluate("document.querySelector('#latest').scrollIntoView()");
  await keep(small, "outbox-messages-phone");
}

/** Sent again, it is seen to arrive without anybody asking. */
async function retry(look: Look, page: Page): Promise<void> {
  const letter = page.locator(".letter[data-stage='DEAD']", { hasText: "to bob by WhatsApp" });
  await letter.getByText("What it says").click();
  await letter.locator("blockquote", { hasText: "<b>Look at it</b>" }).waitFor();
  await letter.getByRole("button", { name: /^Try again…/ }).click();
  await look("outbox-retry", page);
  await letter.getByRole("button", { name: "Yes, try again" }).click();
  await letter.waitFor({ state: "detached" });
  await page.locator(".said:focus", { hasText: "to be tried again" }).waitFor();
  await page.locator(".notice", { hasText: "to bob by WhatsApp" }).filter({ hasText: "Delivered" }).filter({ hasText: "at attempt 9" }).waitFor();
}

async function drop(page: Page): Promise<void> {
  const letter = page.locator(".letter[data-stage='UNKNOWN']");
  await letter.getByText("It may have arrived").waitFor();
  await letter.getByRole("button", { name: /^Drop…/ }).click();
  await letter.getByRole("button", { name: "Yes, never deliver it" }).click();
  await letter.waitFor({ state: "detached" });
  await page.locator(".notice", { hasText: "to nora by email" }).filter({ hasText: "Dropped" }).waitFor();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Outbox 1 undelivered" }).waitFor();
}

export async function enrol(look: Look, wide: Page, small: Page): Promise<void> {
  for (const page of [wide, small]) {
    await go(page, "System");
    await go(page, "People", "System");
    await page.locator(".contact, .empty").first().waitFor();
  }
  await look("people", wide, small);
  if (!standIn) return;
  for (const page of [wide, small]) await makeCode(look, page, page === wide ? "carl" : "dora");
  await writeDown(wide);
  for (const page of [wide, small]) {
    await go(page, "Days", "System");
    await page.locator(".summaries > li").first().waitFor();
    await page.getByText("What it came to").first().click();
  }
  await look("days", wide, small);
  for (const page of [wide, small]) {
    await go(page, "Inspections", "System");
    await page.locator(".summaries > li").first().waitFor();
  }
  await look("inspections", wide, small);
}

async function makeCode(look: Look, page: Page, person: string): Promise<void> {
  const form = page.locator("section", { has: page.getByRole("heading", { name: "Prove an address" }) });
  await form.getByRole("combobox", { name: "Whose" }).fill(person);
  await form.getByRole("button", { name: "Make a code" }).click();
  const card = page.locator(".codecard:focus");
  await card.locator(".joincode", { hasText: /^JOIN-[0-9A-Z]{5}-[0-9A-Z]{5}$/ }).waitFor();
  await page.locator(".contact[data-state='coded']").filter({ hasText: "WhatsApp" }).waitFor();
  await look("people-code", page);
  // Pushed, and asked for by nobody.
  await page.locator(".codecard h2", { hasText: `${person} is proved by WhatsApp` }).waitFor();
  await page.getByRole("button", { name: "Done" }).click();
}

async function writeDown(page: Page): Promise<void> {
  const form = page.locator("section", { has: page.getByRole("heading", { name: "Write an address down" }) });
  await form.getByRole("combobox", { name: "Whose" }).fill("maria");
  await form.getByRole("textbox", { name: /^Address/ }).fill("maria@example.org");
  await form.getByRole("button", { name: "Write it down" }).click();
  const row = page.locator(".people > li", { hasText: "maria" });
  await row.locator(".contact[data-state='plain']", { hasText: "….org" }).waitFor();
  await row.getByRole("button", { name: /^Remove…/ }).click();
  await row.getByRole("button", { name: "Yes, remove it" }).click();
  await row.waitFor({ state: "detached" });
}
