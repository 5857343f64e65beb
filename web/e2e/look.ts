// A look at a screen: its picture is kept, and what must hold on every screen is checked.
import type { Page } from "playwright-core";
import { isPhone, keep } from "./browser.ts";
import { accessible, contrasts, fits, fitsNarrow } from "./checks.ts";

/** The stand-in backend has a past, other people and a future; a demonstration that has just begun has none of them. */
export const standIn = process.env["MILLWRIGHT_STAND_IN"] !== undefined;

export type Look = (name: string, ...pages: Page[]) => Promise<void>;

export function lookInto(errors: string[]): Look {
  return async (name, ...pages) => {
    // Side by side: the pages are in processes of their own.
    const found = await Promise.all(pages.map((page) => seen(name, page, standIn && pages.length > 1)));
    errors.push(...found.flat());
    console.log(`seen: ${name}`);
  };
}

/** The desktop is in the light and the phone in the dark scheme: who looks at both has seen both, where that has to do. */
async function seen(name: string, page: Page, bothSchemes: boolean): Promise<string[]> {
  const shape = isPhone(page) ? "phone" : "desktop";
  const where = `${name}-${shape}`;
  await settled(page);
  await keep(page, where);
  await settled(page);
  const problems = [...(await accessible(page, where)), ...(await fits(page, where))];
  if (!bothSchemes) {
    // Contrast has to hold in the scheme that this page is not in, as well.
    await page.emulateMedia({ colorScheme: shape === "phone" ? "light" : "dark" });
    problems.push(...(await contrasts(page, `${where}, the other scheme`)));
    await page.emulateMedia({ colorScheme: shape === "phone" ? "dark" : "light" });
  }
  if (isPhone(page)) problems.push(...(await fitsNarrow(page, where)));
  return problems;
}

/** While a past time is read, what is shown is of another and dimmed; that begins a frame after it was asked for. */
async function settled(page: Page): Promise<void> {
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  await page.locator("main[aria-busy='true']").waitFor({ state: "detached" });
}

/** By the menu, as a person goes. */
export async function go(page: Page, tab: string, menu = "Pages"): Promise<void> {
  await page.getByRole("navigation", { name: menu, exact: true }).getByRole("link", { name: tab }).click();
}
