// A look at a screen: its picture is kept, and what must hold on every screen is checked.
import type { Page } from "playwright-core";
import { isPhone, keep } from "./browser.ts";
import { accessible, fits, fitsNarrow } from "./checks.ts";

export type Look = (name: string, ...pages: Page[]) => Promise<void>;

export function lookInto(errors: string[]): Look {
  return async (name, ...pages) => {
    for (const page of pages) {
      const shape = isPhone(page) ? "phone" : "desktop";
      await keep(page, `${name}-${shape}`);
      errors.push(...(await accessible(page, `${name}-${shape}`)), ...(await fits(page, `${name}-${shape}`)));
      if (isPhone(page)) errors.push(...(await fitsNarrow(page, `${name}-${shape}`)));
    }
    console.log(`seen: ${name}`);
  };
}

/** By the menu, as a person goes. */
export async function go(page: Page, tab: string): Promise<void> {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: tab }).click();
}
