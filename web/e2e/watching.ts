// What a person sees and says about alarms, about what past cases teach, and about what is normal.
import type { Page } from "playwright-core";
import { isPhone, keep } from "./browser.ts";
import { go, type Look, standIn } from "./look.ts";


/** On a case's screen: the kind of change, bars, what is known of such diagnoses, and what looked like it. */
export async function seeInsight(look: Look, ...pages: Page[]): Promise<void> {
  for (const page of pages) {
    for (const panel of [".change h2", "[aria-labelledby='evidence'] .departure i", ".diagnosis .fared", ".seen p"]) await page.locator(panel).first().waitFor();
    if (!standIn) continue;
    for (const panel of [".seen li .likely", ".serious .stretch", ".decision .track"]) await page.locator(panel).first().waitFor();
    if (isPhone(page)) {
      for (const panel of ["change", "seen", "serious"]) {
        await page.locator(`.${panel}`).scrollIntoViewIfNeeded();
        await keep(page, `case-${panel}-phone`);
      }
      await page.evaluate("scrollTo(0, 0)");
    }
  }
  await look("case-insight", ...pages);
}

/** To a case that looked like it, and back. */
export async function seePast(look: Look, page: Page): Promise<void> {
  if (!standIn) return;
  await page.locator(".seen li a").first().click();
  await page.locator(".casehead .mark.closed").waitFor();
  await page.getByRole("heading", { name: "Contributions" }).waitFor();
  await look("case-past", page);
  await page.goBack();
  await page.locator(".decision, .action").first().waitFor();
}

/** Acknowledge one on the phone; shelve it with a reason and take it off the shelf again. */
export async function answerAlarm(look: Look, wide: Page, small: Page): Promise<void> {
  for (const page of [wide, small]) {
    await go(page, "Alarms");
    await page.locator(".alarm").first().waitFor();
    await page.locator(".performance .verdict").first().waitFor();
  }
  await look("alarms", wide, small);
  const first = small.locator(".alarm").first();
  const key = await first.getAttribute("data-key");
  const alarm = (page: Page, state = "") => page.locator(`.alarm[data-key="${key}"]${state}`);
  await first.getByRole("button", { name: /^Acknowledge/ }).click();
  await small.locator(".said:focus", { hasText: "acknowledged" }).waitFor();

  await alarm(small).evaluate((row) => row.closest("details")?.setAttribute("open", ""));
  await alarm(small).getByRole("button", { name: /^Shelve/ }).click();
  await alarm(small).getByRole("combobox").selectOption({ label: "1 hour" });
  await alarm(small).getByRole("textbox", { name: "Reason" }).fill("Known; <b>parts</b> are ordered.");
  await look("alarm-shelving", small);
  await alarm(small).getByRole("button", { name: "Shelve", exact: true }).click();
  await alarm(small, `[data-state="SHELVED"]`).filter({ hasText: "<b>parts</b>" }).waitFor();
  await wide.getByRole("button", { name: "Read again" }).first().click();
  await alarm(wide, `[data-state="SHELVED"]`).waitFor();
  await look("alarm-shelved", wide, small);
  await alarm(small).getByRole("button", { name: /^Unshelve/ }).click();
  await small.locator(".said", { hasText: "off the shelf" }).waitFor();
}

/** Moved limits undone, a machine learned anew, and that taken back. */
export async function sayWhatIsNormal(look: Look, page: Page, small: Page): Promise<void> {
  if (!standIn) return;
  await go(page, "Plant");
  await page.locator(".limits summary").click();
  await page.getByRole("button", { name: "Learn anew…" }).click();
  await page.locator(".relearned summary").first().click();
  await look("plant-normal", page);
  await go(small, "Plant");
  await small.locator(".relearning").scrollIntoViewIfNeeded();
  await keep(small, "plant-normal-phone");
  await page.getByRole("button", { name: "Undo: back to the configured limits" }).click();
  await page.locator(".limits").waitFor({ state: "detached" });
  const before = await page.locator(".relearned").count();
  await page.getByRole("button", { name: "Yes, learn anew" }).click();
  await page.locator(".relearning").waitFor({ state: "detached" });
  await page.locator(".relearned").nth(before).waitFor();
  await page.getByRole("button", { name: "Take the last relearning back…" }).first().click();
  await page.getByRole("button", { name: "Yes, take it back" }).click();
  await page.locator(".relearned").nth(before).waitFor({ state: "detached" });
}
