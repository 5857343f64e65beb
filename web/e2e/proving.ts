// An auditor: what holds, filtered by what stands in the address, one fact proved and its proof taken along, links to exports.
import type { Page } from "playwright-core";
import { go, type Look, standIn } from "./look.ts";

export async function prove(look: Look, wide: Page, small: Page): Promise<void> {
  for (const page of [wide, small]) {
    await go(page, "Audit");
    await page.getByRole("heading", { name: "Does it hold?" }).waitFor();
  }
  if (!standIn) return;
  await wide.getByText("Every hash follows from the one before,").waitFor();
  await wide.getByRole("combobox", { name: "Fact" }).selectOption("AlertRaised");
  await wide.getByRole("link", { name: "JSON lines" }).and(wide.locator("[href*='kind=AlertRaised']")).waitFor();
  await wide.getByRole("combobox", { name: "Who, exactly as stored" }).fill("svc-monitor");
  await wide.getByRole("link", { name: "JSON lines" }).and(wide.locator("[href*='actor=svc-monitor']")).waitFor();
  await wide.getByRole("combobox", { name: "Who, exactly as stored" }).fill("");
  await wide.getByRole("button", { name: "Verify now" }).click();
  await wide.getByRole("progressbar", { name: "Facts looked at" }).waitFor();
  await wide.getByRole("button", { name: "Verify now" }).waitFor();
  if (!new URL(wide.url()).hash.includes("kind=AlertRaised")) throw new Error("the filter is not in the address");
  for (const page of [wide, small]) {
    const fact = page.locator(".facts > li").last();
    await fact.locator("summary").first().click();
    await fact.getByRole("button", { name: "Prove that it is on the ledger" }).click();
    await fact.getByText("✓ The record shown leads to the signed root.").waitFor();
    await fact.getByText("✓ The signature is by the key below.").or(fact.getByText("This browser cannot verify Ed25519")).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), fact.getByRole("link", { name: "Download the proof" }).click()]);
    if (!/^proof-\d+\.json$/.test(download.suggestedFilename())) throw new Error(`the proof is called ${download.suggestedFilename()}`);
  }
  await look("audit-proof", wide, small);
}
