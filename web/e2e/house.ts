// How the house is: budgets seen and set, settings found with where they come from, the program's own health.
import type { Page } from "playwright-core";
import { atTime, whileTheyLooked } from "./crew.ts";
import { go, type Look, standIn } from "./look.ts";

/** Other rules, tried on what was recorded: a broken file is told, a good one ends in what differs. */
export async function tryOthers(look: Look, ...pages: Page[]): Promise<void> {
  if (!standIn) return;
  for (const page of pages) {
    await go(page, "System");
    await go(page, "Try rules", "System");
    await page.getByRole("textbox", { name: /^Rules/ }).fill("broken");
    await page.getByRole("button", { name: "Try them" }).click();
    await page.getByRole("alert").filter({ hasText: "is no rule" }).waitFor();
    await page.getByRole("textbox", { name: /^Rules/ }).fill("rules:\n  - name: misalignment");
    await page.getByRole("button", { name: "Try them" }).click();
    await page.getByText("of 80,000 records").waitFor();
    await page.getByText("14 the same, 2 only by the tried ones").waitFor();
  }
  await look("trial", ...pages);
}

export async function lookAtHouse(look: Look, wide: Page, small: Page): Promise<void> {
  for (const page of [wide, small]) {
    await go(page, "System");
    await page.locator(".healthline").waitFor();
    await go(page, "Settings", "System");
    await page.locator(".settings > div, .problem").first().waitFor();
  }
  await look("settings", wide, small);
  for (const page of [wide, small]) {
    await go(page, "Budgets", "System");
    await page.locator(".budget, .empty, .problem").first().waitFor();
  }
  await look("budgets", wide, small);
  if (!standIn) return;
  await small.getByText("Used up: calls wait").first().waitFor();
  await small.getByText("Ordinary calls wait; critical cases go on").waitFor();
  await small.getByText("61,300 used; no limit").waitFor();
  await wide.locator(".holdings tr", { hasText: "Coder" }).getByText("Everything on the site").waitFor();
  const form = wide.locator("section", { has: wide.getByRole("heading", { name: "Another budget" }) });
  await form.getByRole("combobox", { name: "For what" }).fill("reports");
  await form.getByRole("spinbutton", { name: "Tokens an hour" }).fill("5000");
  await form.getByRole("spinbutton", { name: "Tokens a day" }).fill("40000");
  await form.getByRole("button", { name: "Set the budget" }).click();
  await wide.locator(".budget", { hasText: "Reports" }).getByText("0 of 5,000 used").waitFor();
  await whoHeldWhat(look, wide, small);
  await go(wide, "Settings", "System");
  await wide.getByRole("checkbox", { name: "only what was set" }).check();
  await wide.locator(".settings > div", { hasText: "monitor.learning_s" }).getByText("from the environment").waitFor();
  if ((await wide.locator(".settings > div[data-set='false']").count()) > 0) throw new Error("settings that nobody set are shown as set");
  await stopAndRelease(look, wide, small);
}

/** The banner stands on every screen, in a colour on which what is muted elsewhere could not be read. */
async function stopAndRelease(look: Look, wide: Page, small: Page): Promise<void> {
  for (const page of [wide, small]) await go(page, "System");
  await wide.getByRole("textbox", { name: "Reason" }).fill("a hose has burst");
  await wide.getByRole("button", { name: "Stop all actions" }).click();
  for (const page of [wide, small]) await page.locator(".banner.stop").waitFor();
  await look("stopped", wide, small);
  await wide.getByRole("button", { name: "Let actions run again" }).click();
  for (const page of [wide, small]) await page.locator(".banner.stop").waitFor({ state: "detached" });
}

/** A moment's holders: while the crew looked into the case, the one who was late held tokens for it. */
async function whoHeldWhat(look: Look, ...pages: Page[]): Promise<void> {
  for (const page of pages) {
    await page.goto(atTime(page.url(), whileTheyLooked().at));
    await page.getByRole("heading", { name: /^Who held what at / }).waitFor();
    await page.locator(".holdings tr", { hasText: "Second opinion" }).getByRole("link", { name: "a case" }).waitFor();
    await page.locator(".barred").first().waitFor({ state: "attached" });
  }
  await look("budgets-past", ...pages);
  for (const page of pages) await page.getByRole("button", { name: "Back to now", exact: true }).click();
}
