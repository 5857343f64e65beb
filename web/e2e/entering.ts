// Where people have to sign in: refused, let in, told what a role does not allow, a first password, roles and tokens given, out again.
import type { Browser, Page } from "playwright-core";
import { desktop, openPage, phone } from "./browser.ts";
import { go, type Look, standIn } from "./look.ts";

/** The stand-in has a door for whoever sends this. */
const withDoor = { extraHTTPHeaders: { "x-door": "1" } };

export async function signInAndOut(look: Look, browser: Browser, address: string, errors: string[]): Promise<void> {
  if (!standIn) return;
  const { page: wide } = await openPage(await browser.newContext({ ...desktop, ...withDoor }), address, errors);
  const { page: small } = await openPage(await browser.newContext({ ...phone, ...withDoor }), address, errors);
  for (const page of [wide, small]) await page.getByRole("heading", { name: "Sign in to Millwright" }).waitFor();
  await enter(small, "vera", "not this one");
  await small.getByRole("alert").filter({ hasText: "do not belong together" }).waitFor();
  await look("sign-in", wide, small);

  await wide.getByRole("link", { name: "Sign in with Works account" }).click();
  await wide.getByRole("alert").filter({ hasText: "no role here" }).waitFor();
  if (new URL(wide.url()).search !== "") errors.push(`what was said once stays in the address: ${wide.url()}`);
  await look("sign-in-elsewhere", wide);
  await enter(wide, "newbie", "made by an admin");
  await wide.getByRole("heading", { name: "Choose a password of your own" }).waitFor();
  await look("first-password", wide);
  await wide.getByLabel("Present password").fill("made by an admin");
  for (const field of ["New password", "The new one again"]) await wide.getByLabel(field).fill("my very own words");
  await wide.getByRole("button", { name: "Change the password" }).click();
  await wide.locator(".card").first().waitFor();
  await makeToken(look, wide);

  await enter(small, "vera", "four words in a row");
  await small.locator(".card").first().waitFor();
  await small.getByRole("link", { name: "Signed in as Vera Novak" }).click();
  await small.getByText("Viewer at demo, area Water treatment.").first().waitFor();
  await go(small, "System");
  await small.getByRole("textbox", { name: "Reason" }).fill("to see whether I may");
  await small.getByRole("button", { name: "Stop all actions" }).click();
  await small.getByRole("alert").filter({ hasText: "You may not do this" }).waitFor();
  await look("not-allowed", small);
  await go(small, "Access", "System");
  await small.getByRole("button", { name: "Sign out" }).click();
  await small.getByRole("heading", { name: "Sign in to Millwright" }).waitFor();
  for (const page of [wide, small]) await page.close();
}

/** Shown once, for a program to come with. */
async function makeToken(look: Look, page: Page): Promise<void> {
  await go(page, "System");
  await go(page, "Access", "System");
  const tokens = page.locator(".give", { hasText: "Make a token" });
  await tokens.getByRole("textbox", { name: "Whose" }).fill("agent-reports");
  await tokens.getByRole("textbox", { name: "For what" }).fill("weekly figures");
  await tokens.getByRole("button", { name: "Make it" }).click();
  await page.locator(".secret code", { hasText: /^mwt_/ }).waitFor();
  await page.locator(".rows tr", { hasText: "weekly figures" }).waitFor();
  await look("access-token", page);
  const bob = page.locator(".principals > li", { hasText: "Bob Meyer" });
  await bob.getByRole("button", { name: /^New password/ }).click();
  await bob.getByRole("button", { name: "Yes, and end all sessions" }).click();
  await bob.locator(".secret code").waitFor();
}

async function enter(page: Page, person: string, password: string): Promise<void> {
  await page.getByLabel("Name").fill(person);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

export async function giveAccess(look: Look, wide: Page, small: Page): Promise<void> {
  for (const page of [wide, small]) {
    await go(page, "System");
    await go(page, "Access", "System");
    await page.locator(".give, .problem").first().waitFor();
  }
  await look("access", wide, small);
  if (!standIn) return;
  const roles = wide.locator(".give", { hasText: "Give a role" });
  await roles.getByRole("combobox", { name: "To whom" }).fill("carl");
  await roles.getByRole("combobox", { name: "Where" }).selectOption("demo");
  await roles.getByRole("combobox", { name: "Area" }).selectOption("Water treatment");
  await roles.getByRole("button", { name: "Give the role" }).click();
  const carl = wide.locator(".principals > li", { hasText: "carl" });
  await carl.getByText("Operator at demo, area Water treatment").waitFor();
  await carl.getByRole("button", { name: /^Take away/ }).click();
  await carl.getByRole("button", { name: "Yes, take it away" }).click();
  await carl.getByText("no role yet").waitFor();
}
