// What the crew finds about a case: awaited one by one, reported within the minute, and as it was while they still looked.
import type { Page } from "playwright-core";
import { type Look, standIn } from "./look.ts";

/** The case, and a time of recording at which the outside agent was still awaited, for whoever looks back at it. */
let looking: { at: string; url: string } | null = null;

export function whileTheyLooked(): { at: string; url: string } {
  if (looking === null) throw new Error("nobody has seen the crew at work");
  return looking;
}

/** Begins on the case's screen. */
export async function seeCrewAtWork(look: Look, ...pages: Page[]): Promise<void> {
  if (!standIn) return;
  for (const page of pages) {
    const findings = page.locator(".findings");
    await findings.getByText("4 of 5 have answered.").waitFor();
    await findings.getByText("The report is due in").waitFor();
    await findings.locator("li[data-state='AWAITED']", { hasText: "Second opinion" }).waitFor();
    await findings.locator("li[data-state='MISSED']", { hasText: "nothing is described that hangs on pump-101" }).waitFor();
    await page.locator(".findings summary", { hasText: "Manual hunter" }).click();
    await findings.locator("cite", { hasText: "Norvik NP-40" }).first().waitFor();
    // What a manual or a model says is shown as it was said, never as markup.
    await findings.locator("p", { hasText: "<b>Nothing</b> was found" }).waitFor();
  }
  looking = { at: new Date().toISOString(), url: pages[0]?.url() ?? "" };
  await look("case-crew-at-work", ...pages);
}

export async function readReport(look: Look, address: string, ...pages: Page[]): Promise<void> {
  if (!standIn) return;
  await fetch(new URL("/stand-in/report", address), { method: "POST" });
  for (const page of pages) {
    const findings = page.locator(".findings");
    await findings.getByText("Written by Weaver, by rules").waitFor();
    await findings.locator("ol li", { hasText: "Take a grease sample" }).first().waitFor();
    await findings.locator(".missing li", { hasText: "Without Second opinion: it did not answer in time" }).waitFor();
    await page.locator(".timeline [data-kind='ReportDelivered']").waitFor();
    await page.locator(".outcomes .crewletters", { hasText: "What do you make of this case?" }).waitFor();
  }
  await look("case-report", ...pages);
}

/** As of then there is no report, and the one who was late is awaited. */
export async function seeCrewOfThen(page: Page): Promise<void> {
  if (!standIn) return;
  const { at, url } = whileTheyLooked();
  await page.goto(atTime(url, at));
  await page.locator(".findings li[data-state='AWAITED']", { hasText: "Second opinion" }).waitFor();
  await page.locator(".findings").getByText("The report is due in").waitFor();
  await page.goto(url);
  await page.locator(".findings").getByText("Written by Weaver, by rules").waitFor();
}

export function atTime(url: string, at: string): string {
  const address = new URL(url);
  address.searchParams.set("at", at);
  return address.href;
}
