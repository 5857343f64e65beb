// The browser that the page is tried in, and the two shapes of screen that people hold.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type Link, linkOf } from "./link.ts";

const EXECUTABLE = process.env["MILLWRIGHT_CHROMIUM"] ?? "/usr/bin/chromium";
const ARTEFACTS = process.env["MILLWRIGHT_ARTEFACTS"] ?? "test-artefacts";
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const desktop: BrowserContextOptions = { viewport: { width: 1440, height: 900 }, colorScheme: "light" };
export const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: "dark" };

/** Who looks, for a backend that asks; the real one has one operator. */
export function of(person: string, shape: BrowserContextOptions): BrowserContextOptions {
  return { ...shape, extraHTTPHeaders: { "x-person": person } };
}

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}

export interface Opened {
  page: Page;
  link: Link;
}

export function isPhone(page: Page): boolean {
  return (page.viewportSize()?.width ?? 0) < 720;
}

/** A page whose own errors fail the test, and which may talk to nobody but its server. */
export async function openPage(context: BrowserContext, address: string, errors: string[]): Promise<Opened> {
  const page = await context.newPage();
  const origin = new URL(address).origin;
  page.on("pageerror", (error) => errors.push(`the page threw: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) errors.push(`the page asked a stranger: ${url}`);
  });
  const link = await linkOf(page);
  await page.goto(address);
  return { page, link };
}

/** A phone's picture is one screen: the tabs at its foot would stand in the middle of a longer one. */
export async function keep(page: Page, name: string, fullPage = !isPhone(page)): Promise<void> {
  await mkdir(ARTEFACTS, { recursive: true });
  // From the top, or what sticks to it stands in the middle of a long picture.
  if (fullPage) await page.evaluate("scrollTo(0, 0)");
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage });
}
