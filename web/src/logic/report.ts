// A text that one of the crew wrote, as paragraphs, headings, numbered steps and points. It is data: nothing in it is markup.

export type Block =
  | { kind: "head"; text: string }
  | { kind: "text"; lines: string[] }
  | { kind: "steps"; start: number; items: string[] }
  | { kind: "points"; items: string[] };

const STEP = /^\s*(\d{1,3})[.)]\s+(.*)$/;
const POINT = /^\s*[-*•]\s+(.*)$/;
const HEAD = /^#{1,6}\s+(.*)$/;
/** As deep as what stands under a step; what a report cites stands less deep. */
const UNDER_ITEM = /^\s{3,}(\S.*)$/;

/** `names` are those of the crew: a report begins what each of them says with its name on a line of its own. */
export function blocksOf(text: string, names: readonly string[] = []): Block[] {
  const blocks: Block[] = [];
  let begins = true;
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") {
      begins = true;
      continue;
    }
    place(blocks, line, begins, names);
    begins = false;
  }
  return blocks;
}

function place(blocks: Block[], line: string, begins: boolean, names: readonly string[]): void {
  const last = blocks.at(-1);
  const [, number, step] = STEP.exec(line) ?? [];
  const [, point] = POINT.exec(line) ?? [];
  const [, head] = HEAD.exec(line) ?? [];
  const [, under] = UNDER_ITEM.exec(line) ?? [];
  if (step !== undefined) {
    // A list goes on over a blank line as long as its numbers do.
    if (last?.kind === "steps" && Number(number) === last.start + last.items.length) last.items.push(step);
    else blocks.push({ kind: "steps", start: Number(number), items: [step] });
  } else if (point !== undefined) {
    if (last?.kind === "points" && !begins) last.items.push(point);
    else blocks.push({ kind: "points", items: [point] });
  } else if (head !== undefined || (begins && names.includes(line.trim()))) {
    blocks.push({ kind: "head", text: (head ?? line).trim() });
  } else if (under !== undefined && !begins && (last?.kind === "steps" || last?.kind === "points")) {
    last.items.push(`${last.items.pop()}\n${under}`);
  } else if (last?.kind === "text" && !begins) {
    last.lines.push(line.trim());
  } else {
    blocks.push({ kind: "text", lines: [line.trim()] });
  }
}

export function firstLine(text: string): string {
  return text.trim().split(/\r?\n/, 1)[0] ?? "";
}
