// People answer a proposal: something else in its place, somebody else to ask, yes by two; and whether it took, where a person has to look.
import type { Browser, Page } from "playwright-core";
import { desktop, isPhone, keep, of, openPage } from "./browser.ts";
import { go, type Look, standIn } from "./look.ts";

/** A third person wants another value; one of the others asks somebody else. */
export async function wantAnother(look: Look, browser: Browser, address: string, errors: string[], wide: Page, small: Page): Promise<void> {
  if (!standIn) return;
  for (const page of [wide, small]) await page.locator(".decision .consent", { hasText: "Reminded once" }).waitFor();
  const { page: third } = await openPage(await browser.newContext(of("maria", desktop)), `${address}/${new URL(wide.url()).hash}`, errors);
  await small.getByRole("button", { name: "Another value or action…" }).click();
  await small.getByRole("radio", { name: "Notify technician" }).check();
  await small.getByText("If the policy lets that action run by itself").waitFor();
  await small.getByRole("radio", { name: "Another value" }).check();
  await look("instead", small);
  await small.getByRole("button", { name: "Back" }).click();

  await third.getByRole("button", { name: "Another value or action…" }).click();
  await third.getByRole("textbox", { name: "Value in rpm" }).fill("1600");
  await third.getByRole("button", { name: "Propose this" }).click();
  await third.getByRole("alert").filter({ hasText: "Only 600 to 1500 rpm" }).waitFor();
  await look("instead-outside", third);
  await third.getByRole("textbox", { name: "Value in rpm" }).fill("900");
  await third.getByRole("button", { name: "Propose this" }).click();
  for (const page of [third, wide, small]) {
    await page.locator(".decision", { hasText: "maria wants this in place" }).locator(".to", { hasText: "900" }).waitFor();
    await page.locator(".steps", { hasText: "maria wanted something else" }).waitFor();
  }
  await sayYes(third);
  await third.getByRole("alert").filter({ hasText: "who proposed an action cannot approve it" }).waitFor();
  await third.close();

  await wide.getByRole("button", { name: "Ask somebody else…" }).click();
  await wide.getByRole("combobox", { name: "Who should answer" }).fill("Nora K.");
  await wide.getByRole("button", { name: "Ask", exact: true }).click();
  await wide.getByText("A pseudonym has small letters").waitFor();
  await look("delegate", wide);
  await wide.getByRole("combobox", { name: "Who should answer" }).fill("nora");
  await wide.getByRole("button", { name: "Ask", exact: true }).click();
  await wide.locator(".told", { hasText: "nora is asked now" }).waitFor();
  for (const page of [wide, small]) await page.locator(".consent", { hasText: "Also asked: nora." }).waitFor();
}

async function sayYes(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Approve…" }).first().click();
  if (isPhone(page)) await keep(page, "case-confirm-phone");
  await page.getByRole("button", { name: /^Yes, / }).first().click();
}

/** Where it takes two, the first yes moves nothing. */
export async function approve(look: Look, wide: Page, small: Page): Promise<void> {
  await sayYes(small);
  if (standIn) {
    for (const page of [wide, small]) await page.locator(".tally", { hasText: "1 of 2 said yes: bob" }).waitFor();
    await small.locator(".told", { hasText: "Your yes is on record" }).waitFor();
    await look("case-one-of-two", wide, small);
    await go(wide, "Plant");
    await wide.locator(".strip", { hasText: "1 of 2 said yes: bob" }).waitFor();
    await wide.goBack();
    await sayYes(wide);
  }
  for (const page of [small, wide]) {
    const steps = page.locator(".steps li[data-state='done']");
    await steps.filter({ hasText: "Approved" }).first().waitFor();
    await steps.filter({ hasText: "Executed" }).filter({ hasText: "read back" }).first().waitFor();
    if (!standIn) continue;
    await steps.filter({ hasText: "Yes 1 of 2" }).filter({ hasText: "by bob" }).waitFor();
    await page.locator(".sent summary", { hasText: "12 bytes" }).click();
    await page.locator(".sent pre", { hasText: "03 84" }).waitFor();
    await page.locator(".outcomes .notice", { hasText: "to ann by WhatsApp" }).waitFor();
    await page.locator(".ticketlist a", { hasText: "GitHub #142" }).waitFor();
  }
  await look("case-executed", wide, small);
  if (standIn) await small.evaluate("document.querySelector('#messages').scrollIntoView()");
  if (standIn) await keep(small, "case-messages-phone");
}

/** A write that nobody could vouch for: a person looks at the machine and says so. */
export async function vouch(look: Look, wide: Page, small: Page): Promise<void> {
  if (!standIn) return;
  for (const page of [wide, small]) {
    await go(page, "Cases");
    await page.locator(".rows tr", { hasText: "Action unverified" }).getByRole("link").click();
    await page.getByRole("group", { name: "Look at the machine: did it take?" }).waitFor();
  }
  await look("case-unverified", wide, small);
  await small.getByRole("textbox", { name: "Note (optional)" }).fill("The display says <b>1200</b>.");
  await small.getByRole("button", { name: "It took", exact: true }).click();
  for (const page of [wide, small]) {
    await page.locator(".steps li", { hasText: "bob looked at the machine: it took" }).waitFor();
    await page.locator(".timeline blockquote", { hasText: "<b>1200</b>" }).waitFor();
  }
  await look("case-verified", wide);
}
