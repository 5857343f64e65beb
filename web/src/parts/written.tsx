// A text of the crew's, laid out: line breaks stay, numbered steps are a list.
import { type Block, blocksOf } from "../logic/report.ts";

export function Written({ text, names }: { text: string; names?: readonly string[] }) {
  return (
    <div className="written">
      {blocksOf(text, names).map((block, place) => (
        <One key={place} block={block} />
      ))}
    </div>
  );
}

function One({ block }: { block: Block }) {
  switch (block.kind) {
    case "head":
      return <p className="head">{block.text}</p>;
    case "text":
      return <p>{block.lines.join("\n")}</p>;
    case "steps":
      return <ol start={block.start}>{items(block.items)}</ol>;
    case "points":
      return <ul>{items(block.items)}</ul>;
  }
}

function items(items: readonly string[]) {
  return items.map((item, place) => <li key={place}>{item}</li>);
}
