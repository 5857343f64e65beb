// What must hold on every screen: WCAG AA as far as axe can tell, and nothing wider than the screen.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  help: string;
  nodes: { html: string }[];
}

const AA = `{ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }`;
const CONTRAST = `{ runOnly: { type: "rule", values: ["color-contrast"] } }`;

export async function accessible(page: Page, where: string): Promise<string[]> {
  return checked(page, where, AA);
}

/** What alone depends on the colour scheme. */
export async function contrasts(page: Page, where: string): Promise<string[]> {
  return checked(page, where, CONTRAST);
}

async function checked(page: Page, where: string, rules: string): Promise<string[]> {
  // By evaluate and not by a script element, which a strict content policy forbids; once for each document, for it is large.
  if (await page.evaluate(`typeof axe === "undefined"`)) await page.evaluate(axeSource);
  const violations = (await page.evaluate(`axe.run(document, ${rules}).then((result) => result.violations)`)) as Violation[];
  return violations.map(({ id, help, nodes }) => `${where}: ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

/** A screen that was just turned or filled is laid out a little later; what is too wide stays so. */
const LAID_OUT_MS = 2_000;

export async function fits(page: Page, where: string): Promise<string[]> {
  await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth, undefined, { timeout: LAID_OUT_MS }).catch(() => {});
  const { content, screen } = (await page.evaluate(
    "({ content: document.documentElement.scrollWidth, screen: document.documentElement.clientWidth })",
  )) as { content: number; screen: number };
  return content > screen ? [`${where}: ${content} px of content on a screen of ${screen} px`] : [];
}

/** The narrowest phone in use, or a narrower one. */
export async function fitsNarrow(page: Page, where: string, width = 360): Promise<string[]> {
  const usual = page.viewportSize();
  await page.setViewportSize({ width, height: 740 });
  const problems = await fits(page, `${where} at ${width} px`);
  if (usual) await page.setViewportSize(usual);
  return problems;
}
