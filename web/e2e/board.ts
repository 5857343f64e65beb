// The crew's own pages: who is on it and with which model, the board moved by people, and letters that wait for somebody. All of it is pushed.
import type { Page } from "playwright-core";
import { atTime, whileTheyLooked } from "./crew.ts";
import { go, type Look, standIn } from "./look.ts";

/** A change is to be on every page that looks within the second; the rest is the browser's and this machine's. */
const SEEN_MS = 5_000;

export async function seeAgents(look: Look, wide: Page, small: Page): Promise<void> {
  if (!standIn) return;
  for (const page of [wide, small]) {
    await go(page, "Crew");
    await page.locator(".agent").first().waitFor();
    if ((await page.locator(".agent").count()) < 5) throw new Error("fewer than five agents are shown");
    await page.locator(".agent[data-status='SILENT']", { hasText: "Night shift" }).getByText("Nothing was heard of it").waitFor();
    await page.locator(".agent", { hasText: "Coder" }).getByRole("link", { name: /Show the strainer/ }).first().waitFor();
  }
  await look("crew", wide, small);
  const hunter = (page: Page) => page.locator(".agent", { hasText: "Manual hunter" });
  await hunter(wide).getByText("Choose its model").click();
  await hunter(wide).getByRole("combobox", { name: "Model" }).fill("large-2");
  await hunter(wide).getByRole("button", { name: "Choose", exact: true }).click();
  for (const page of [wide, small]) await hunter(page).getByText("large-2 was chosen and comes with its next call").waitFor({ timeout: SEEN_MS });
  await hunter(small).getByRole("button", { name: /^Stop/ }).click();
  await hunter(small).getByRole("button", { name: "Yes, stop it" }).click();
  for (const page of [wide, small]) await page.locator(".agent[data-status='STOPPED']", { hasText: "Manual hunter" }).waitFor({ timeout: SEEN_MS });
  await hunter(small).getByRole("button", { name: /^Spawn/ }).click();
  await wide.locator(".agent[data-status='NOT_SPAWNED']", { hasText: "Manual hunter" }).waitFor({ timeout: SEEN_MS });
}

export async function moveTasks(look: Look, wide: Page, small: Page): Promise<void> {
  if (!standIn) return;
  const column = (page: Page, stage: string) => page.locator(`.column[data-stage='${stage}']`);
  await go(wide, "Crew");
  await wide.locator(".agent", { hasText: "Coder" }).getByRole("link", { name: /Show the strainer/ }).first().click();
  await wide.locator(".task:focus", { hasText: "Show the strainer" }).waitFor();
  await go(small, "Crew");
  await go(small, "Tasks", "Crew");
  for (const page of [wide, small]) {
    for (const mark of ["Active for a week", "Due within a day", "Blocked for two days; a person was told"]) await page.getByText(mark).waitFor();
    const result = column(page, "REVIEW").locator(".task", { hasText: "How the drive-end bearing comes out" });
    await result.locator("summary").click();
    // A result is data, whoever delivered it.
    await result.locator("li", { hasText: "<i>never</i> strike" }).waitFor();
  }
  await look("board", wide, small);
  await column(small, "REVIEW").getByRole("button", { name: /^Accept/ }).click();
  for (const page of [wide, small]) await column(page, "DONE").locator(".task", { hasText: "How the drive-end bearing comes out" }).waitFor({ timeout: SEEN_MS });
  await column(wide, "PENDING").getByRole("button", { name: /^Block/ }).first().click();
  await wide.getByRole("combobox", { name: "It waits for" }).selectOption({ label: "an approval" });
  await wide.getByRole("textbox", { name: "Note (optional)" }).fill("The <b>lead</b> has to say yes.");
  await look("board-blocking", wide);
  await column(wide, "PENDING").getByRole("button", { name: "Block", exact: true }).click();
  await column(small, "BLOCKED").locator(".task", { hasText: "Why does pump-102" }).getByText("waits for an approval").waitFor({ timeout: SEEN_MS });
  await fileOne(wide, small);
}

async function fileOne(wide: Page, small: Page): Promise<void> {
  await wide.getByText("File a task").click();
  await wide.getByRole("textbox", { name: /^What is to be done/ }).fill("Describe the new strainer");
  await wide.getByRole("textbox", { name: /^Capability/ }).fill("read_manuals");
  await wide.getByRole("button", { name: "File it" }).click();
  await small.locator(".column[data-stage='PENDING'] .task", { hasText: "Describe the new strainer" }).waitFor({ timeout: SEEN_MS });
}

export async function readLetters(look: Look, wide: Page, small: Page): Promise<void> {
  if (!standIn) return;
  for (const page of [wide, small]) {
    await go(page, "Crew");
    await go(page, "Letters", "Crew");
    const first = page.locator(".crewletters > li").first();
    await first.getByText("shift-lead was told").waitFor();
    await page.locator(".crewletters blockquote", { hasText: "<script>alert(1)</script>" }).waitFor();
  }
  await look("letters", wide, small);
  await small.locator(".crewletters > li", { hasText: "Two of three collectors" }).getByRole("button", { name: /^Acknowledge/ }).click();
  for (const page of [wide, small]) await page.locator(".crewletters > li[data-state='ACKNOWLEDGED']", { hasText: "Two of three collectors" }).waitFor({ timeout: SEEN_MS });
  const audit = (page: Page) => page.locator(".crewletters > li", { hasText: "The overview shows a value of an hour ago" });
  await audit(small).getByRole("button", { name: /^Answer/ }).click();
  await small.getByRole("textbox", { name: "Your answer" }).fill("Its sensor is dismounted.");
  await small.getByRole("button", { name: "Send the answer" }).click();
  await wide.locator(".crewletters > li[data-state='ACKNOWLEDGED']", { hasText: "The overview shows a value of an hour ago" }).waitFor({ timeout: SEEN_MS });
  await wide.getByText("Write to the crew").click();
  await wide.getByRole("textbox", { name: "What you write" }).fill("Who looks after blower-7?");
  await wide.getByRole("button", { name: "Send", exact: true }).click();
  await small.locator(".crewletters blockquote", { hasText: "Who looks after blower-7?" }).waitFor({ timeout: SEEN_MS });
}

/** Before people moved anything: who was stopped is idle, what was accepted is in review, and nothing can be done. */
export async function seeCrewThen(look: Look, ...pages: Page[]): Promise<void> {
  if (!standIn) return;
  for (const page of pages) {
    await go(page, "Crew");
    await page.goto(atTime(page.url(), whileTheyLooked().at));
    await page.locator(".agent[data-status='IDLE']", { hasText: "Manual hunter" }).waitFor();
    await go(page, "Tasks", "Crew");
    await page.locator(".column[data-stage='REVIEW'] .task", { hasText: "How the drive-end bearing comes out" }).waitFor();
    const enabled = await page.locator(".board button:enabled").count();
    if (enabled > 0) throw new Error(`${enabled} buttons can move the tasks of the past`);
  }
  await look("board-past", ...pages);
  for (const page of pages) {
    await page.getByRole("button", { name: "Back to now", exact: true }).click();
    await page.locator(".column[data-stage='DONE'] .task", { hasText: "How the drive-end bearing comes out" }).waitFor();
  }
}
