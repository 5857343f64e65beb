// The page as it was: opened at the top, drawn back, replayed, walked by facts of weight, barred from changing anything, compared, and left.
import type { Locator, Page } from "playwright-core";
import { go, type Look, standIn } from "./look.ts";

export async function lookBack(look: Look, ...pages: Page[]): Promise<void> {
  for (const page of pages) {
    await go(page, "Plant");
    await page.getByRole("button", { name: "Look at the past" }).click();
    await page.locator(".momentmarks path").first().waitFor();
    await page.getByText("This is now.").waitFor();
    const now = await page.locator(".momenttrack input").inputValue();
    await page.getByRole("button", { name: "Last fact of weight" }).click();
    await page.getByText("You look at").waitFor();
    if (standIn && page === pages[0]) await page.getByText("of 124,000 facts replayed").waitFor();
    await page.locator("main[aria-busy='false']").waitFor();
    // The last of all may be that a case was closed, and then nothing could be changed anyway.
    await page.getByRole("button", { name: "Last fact of weight" }).click();
    await page.locator("main[aria-busy='false']").waitFor();
    await backToAnOpenCase(page);
    if (!new URL(page.url()).searchParams.has("at")) throw new Error("the past is not in the address");
    if (Number(await page.locator(".momenttrack input").inputValue()) >= Number(now)) throw new Error("the slider did not go back");
    await page.locator(".cell[data-level]").first().waitFor();
  }
  await look("past-plant", ...pages);
  for (const page of pages) await readAndBar(page);
  await look("past-case", ...pages);
  for (const page of pages) {
    await page.getByRole("button", { name: "Back to now", exact: true }).click();
    await page.getByText("Live", { exact: true }).waitFor();
    if (new URL(page.url()).searchParams.has("at")) throw new Error("the past is still in the address");
  }
}

/** A machine that wears on is told again after its case was closed: then it is further back that one is open. */
async function backToAnOpenCase(page: Page): Promise<void> {
  const open = page.locator("[data-figure=open_cases]", { hasText: /^[1-9]/ });
  for (let step = 0; step < 12 && !(await comes(open, 2_000)); step += 1) {
    await page.getByRole("button", { name: "Last fact of weight" }).click();
    await page.locator("main[aria-busy='false']").waitFor();
  }
}

function comes(what: Locator, withinMs: number): Promise<boolean> {
  return what.first().waitFor({ timeout: withinMs }).then(() => true, () => false);
}

/** Everything can be read, nothing changed, and it says why. */
async function readAndBar(page: Page): Promise<void> {
  for (let row = 0; ; row += 1) {
    await go(page, "Cases");
    const cases = page.locator(".rows tbody tr");
    await cases.first().waitFor();
    if (row >= (await cases.count())) throw new Error("no case says that the past cannot be changed");
    await cases.nth(row).getByRole("link").click();
    await page.locator(".timeline li").first().waitFor();
    const enabled = await page.locator("fieldset.deeds-barred button:enabled, fieldset.deeds-barred input:enabled").count();
    if (enabled > 0) throw new Error(`${enabled} buttons can change the past`);
    // One that was closed has nothing to bar.
    if (await comes(page.locator(".barred", { hasText: "can be looked at and not changed" }), 5_000)) return;
  }
}

export async function playAndCompare(look: Look, wide: Page): Promise<void> {
  await go(wide, "Plant");
  await wide.getByRole("button", { name: "Look at the past" }).click();
  await wide.getByRole("button", { name: "Last fact of weight" }).click();
  await wide.getByText("You look at").waitFor();
  const before = new URL(wide.url()).searchParams.get("at");
  await wide.getByRole("button", { name: "Play" }).click();
  await wide.waitForFunction((was) => { const at = new URL(location.href).searchParams.get("at"); return at !== was; }, before);
  const pause = wide.getByRole("button", { name: "Pause" });
  if (await pause.isVisible()) await pause.click();
  await wide.getByRole("button", { name: /^(Back to now|Close)$/ }).click();
  await compare(look, wide);
}

/** Back by facts of weight until a case had only been seen, then held against now. */
async function compare(look: Look, page: Page): Promise<void> {
  await go(page, "System");
  await go(page, "Compare", "System");
  await page.getByRole("heading", { name: "Choose a time" }).waitFor();
  await page.getByRole("button", { name: "Look at the past" }).click();
  await page.locator(".momentmarks path").first().waitFor();
  const back = page.getByRole("button", { name: "Last fact of weight" });
  for (let step = 0; step < 4 && (await back.isEnabled()); step += 1) {
    await back.click();
    await page.locator("main[aria-busy='false']").waitFor();
  }
  await page.getByRole("button", { name: "Compare with now" }).click();
  await page.locator(".differences li").first().waitFor();
  if (new URL(page.url()).searchParams.has("at")) throw new Error("the comparison is not of now");
  await page.getByRole("button", { name: "Close" }).click();
  await look("compared", page);
}
