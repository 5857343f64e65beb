// A plant of a thousand signals: the overview stays smooth while all of them move, and a cell says what it is to who cannot see it.
// MILLWRIGHT_URL is `SIGNALS=1000 npm run mock`.
import type { Page } from "playwright-core";
import { desktop, launch, of, openPage, phone } from "./browser.ts";
import { lookInto } from "./look.ts";

const address = process.env["MILLWRIGHT_URL"] ?? "http://127.0.0.1:4000";
const LEAST_SIGNALS = 1_000;
const WATCHED_MS = 4_000;
/** A machine that is busy with something else is so for once; a page that is too slow is so each time. */
const TRIES = 3;
/** A task that holds the page up longer is felt under the finger. */
const LONGEST_TASK_MS = Number(process.env["MILLWRIGHT_LONGEST_TASK_MS"] ?? 200);
const errors: string[] = [];
const look = lookInto(errors);

const browser = await launch();
try {
  for (const shape of [desktop, phone]) {
    const { page } = await openPage(await browser.newContext(of("ann", shape)), address, errors);
    await page.locator(".cell[data-level='calm']").first().waitFor();
    const cells = await page.locator(".cells .cell").count();
    if (cells < LEAST_SIGNALS) errors.push(`${cells} cells are shown of ${LEAST_SIGNALS} signals: start the stand-in with SIGNALS=${LEAST_SIGNALS}`);
    await page.waitForTimeout(2_000);
    let longest = Number.POSITIVE_INFINITY;
    for (let one = 0; one < TRIES && longest > LONGEST_TASK_MS; one += 1) longest = Math.min(longest, await watch(page, cells));
    if (longest > LONGEST_TASK_MS) errors.push(`the page was held up for ${Math.round(longest)} ms`);
    await page.locator(".cells .cell").first().focus();
    for (const key of ["ArrowDown", "ArrowRight", "End"]) await page.keyboard.press(key);
    const said = await page.evaluate("document.activeElement?.textContent ?? ''");
    if (!/^Pump P-\d+, .+: .*\d/.test(String(said))) errors.push(`a cell says only "${said}"`);
    await look("plant-thousand", page);
  }
} catch (problem) {
  errors.push(problem instanceof Error ? problem.message : String(problem));
} finally {
  await browser.close();
}
for (const error of errors) console.error(`✕ ${error}`);
process.exit(errors.length === 0 ? 0 : 1);

/** The longest that the page was held up. */
async function watch(page: Page, cells: number): Promise<number> {
  const watched = (await page.evaluate(`new Promise((done) => {
    const tasks = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
    observer.observe({ type: "longtask" });
    let frames = 0;
    let on = true;
    const frame = () => { frames += 1; if (on) requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    setTimeout(() => { on = false; observer.disconnect(); done({ frames, longest: Math.max(0, ...tasks), tasks: tasks.length }); }, ${WATCHED_MS});
  })`)) as { frames: number; longest: number; tasks: number };
  console.log(`${cells} cells: ${Math.round((watched.frames * 1_000) / WATCHED_MS)} frames a second, ${watched.tasks} long tasks, the longest ${Math.round(watched.longest)} ms`);
  return watched.longest;
}
