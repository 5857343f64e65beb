// From the overview down: the heatmap by keyboard, one machine and the tag on it, one signal from minutes to a year, cases by what stands in the address.
import type { Page } from "playwright-core";
import { isPhone } from "./browser.ts";
import { go, type Look, standIn } from "./look.ts";

export async function goDown(look: Look, wide: Page, small: Page): Promise<void> {
  for (const page of [wide, small]) {
    await go(page, "Plant");
    await leadsToGrafana(page, ".site > header", /\?var-site=demo&from=\d+&to=\d+$/);
    await page.locator(".cells .cell").first().focus();
    for (const key of ["ArrowRight", "End", "Home"]) await page.keyboard.press(key);
    await page.keyboard.press("Enter");
    await page.locator(".explorer .drawn[aria-busy='false'] canvas").waitFor();
  }
  await look("signal", wide, small);
  for (const page of [wide, small]) await lookThroughTime(page);
  await look("signal-table", wide, small);
  // What was moved to by keyboard, and not what was shown at first.
  await leadsToGrafana(wide, ".explorer", ({ searchParams: at }) => {
    const shown = new URLSearchParams(new URL(wide.url()).hash.split("?")[1]);
    return ["from", "to"].every((end) => Number(at.get(end)) === Date.parse(shown.get(end) ?? "")) && /.\/./.test(at.get("var-sensor") ?? "");
  });
  for (const page of [wide, small]) {
    await page.locator(".crumbs a").last().click();
    await page.getByRole("heading", { name: "Lock-out" }).waitFor();
    await page.locator("#past-cases").waitFor();
    await leadsToGrafana(page, ".casehead", /\?var-site=demo&var-asset=[^&]+&from=\d+&to=\d+$/);
  }
  await look("machine", wide, small);
  await lockOut(look, wide, small);
}

/** The stand-in's roster has an address of Grafana; the demonstration's has none, and then there is no link. */
export async function leadsToGrafana(page: Page, place: string, fits: RegExp | ((to: URL) => boolean)): Promise<void> {
  const link = page.locator(place).getByRole("link", { name: /in Grafana/ });
  if (!standIn) {
    if ((await link.count()) > 0) throw new Error(`${place} leads to a Grafana that nobody named`);
    return;
  }
  const to = (await link.first().getAttribute("href")) ?? "";
  if (!(fits instanceof RegExp ? fits.test(to) : fits(new URL(to)))) throw new Error(`${place} leads to ${to}`);
}

async function lookThroughTime(page: Page): Promise<void> {
  const says = page.locator(".readout [role='status']");
  await page.getByRole("button", { name: "1 year" }).click();
  await says.getByText("means of an hour").waitFor();
  await page.getByRole("button", { name: "10 min" }).click();
  await says.getByText("every value").waitFor();
  const before = await says.textContent();
  await page.locator(".bigplot").focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((was) => document.querySelector(".readout [role='status']")?.textContent !== was, before);
  await page.keyboard.press("-");
  await says.getByText(/means of 10 s|every value/).waitFor();
  // Written down a moment later, and then it can be sent on.
  await page.waitForFunction(() => location.hash.includes("from="));
  await page.getByRole("button", { name: "Show as a table" }).click();
  await page.locator(".explorer tbody tr").nth(5).waitFor();
  if (!isPhone(page)) return;
  await page.getByRole("button", { name: "Now", exact: true }).click();
  await page.waitForFunction(() => !location.hash.includes("from="));
}

async function lockOut(look: Look, wide: Page, small: Page): Promise<void> {
  await small.getByRole("textbox", { name: "What stands on the tag" }).fill("Bob <b>greases</b> the bearing");
  await small.getByRole("button", { name: "Lock out…" }).click();
  await small.getByRole("button", { name: /^Yes, lock out/ }).click();
  for (const page of [wide, small]) await page.locator(".lockout blockquote", { hasText: "<b>greases</b>" }).waitFor();
  await look("locked-out", wide, small);
  await wide.getByRole("button", { name: "Return to service…" }).click();
  await wide.getByRole("button", { name: "Yes, nobody works on it any more" }).click();
  for (const page of [wide, small]) await page.getByRole("button", { name: "Lock out…" }).waitFor();
}

export async function filterCases(look: Look, ...pages: Page[]): Promise<void> {
  for (const page of pages) {
    await go(page, "Cases");
    const machine = page.getByRole("combobox", { name: "Machine" });
    const [, first] = await machine.locator("option").allInnerTexts();
    await machine.selectOption({ label: first ?? "" });
    await page.waitForFunction(() => location.hash.includes("asset="));
    await page.getByRole("combobox", { name: "Show" }).selectOption("CLOSED");
    await page.locator(".rows, .empty").first().waitFor();
  }
  await look("cases-filtered", ...pages);
}

/** What waits, with its evidence; on a phone the buttons are where the thumb is. */
export async function seeApprovals(look: Look, ...pages: Page[]): Promise<void> {
  const places = pages.map((page) => new URL(page.url()).hash);
  for (const page of pages) {
    await go(page, "Approve");
    await page.locator(".approval .signals .signal").first().waitFor();
    const button = page.getByRole("button", { name: "Approve…" });
    await button.waitFor();
    if (!isPhone(page)) continue;
    const box = await button.boundingBox();
    const height = page.viewportSize()?.height ?? 0;
    if (!box || box.y < height * 0.66 || box.height < 48) throw new Error(`the yes is not at the thumb: ${JSON.stringify(box)} of ${height}`);
  }
  await look("approvals", ...pages);
  for (const [place, page] of pages.entries()) {
    await page.evaluate((to) => {
      location.hash = to ?? "";
    }, places[place]);
    await page.locator(".decision").first().waitFor();
    if (standIn) await page.locator(".seen li .likely").first().waitFor();
  }
}
