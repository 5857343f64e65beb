// A look at a screen: its picture is kept, and what must hold on every screen is checked.
import type { Page } from "playwright-core";
import { isPhone, keep } from "./browser.ts";
import { accessible, fits, fitsNarrow } from "./checks.ts";

/** The stand-in backend has a past, other people and a future; a demonstration that has just begun has none of them. */
export const standIn = process.env["MILLWRIGHT_STAND_IN"] !== undefined;

export type Look = (name: string, ...pages: Page[]) => Promise<void>;

export function lookInto(errors: string[]): Look {
  return async (name, ...pages) => {
    for (const page of pages) {
      const shape = isPhone(page) ? "phone" : "desktop";
      await keep(page, `${name}-${shape}`);
      errors.push(...(await accessible(page, `${name}-${shape}`)), ...(await fits(page, `${name}-${shape}`)));
      // Contrast has to hold in the scheme that this page is not in, as well.
      await page.emulateMedia({ colorScheme: shape === "phone" ? "light" : "dark" });
      errors.push(...(await accessible(page, `${name}-${shape}, the other scheme`)));
      await page.emulateMedia({ colorScheme: shape === "phone" ? "dark" : "light" });
      if (isPhone(page)) errors.push(...(await fitsNarrow(page, `${name}-${shape}`)));
    }
    console.log(`seen: ${name}`);
  };
}

/** By the menu, as a person goes. */
export async function go(page: Page, tab: string, menu = "Pages"): Promise<void> {
  await page.getByRole("navigation", { name: menu, exact: true }).getByRole("link", { name: tab }).click();
}
