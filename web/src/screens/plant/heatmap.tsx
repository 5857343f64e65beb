// Every signal of the plant as a cell: grey is normal, colour is distance from it. Drawn once; from then on only cells whose look changes are touched.
import { type KeyboardEvent, memo, useMemo, useRef, useState } from "react";
import type { Asset, Plant } from "../../api/queries.ts";
import { href } from "../../logic/route.ts";
import { signalName } from "../../logic/words.ts";
import { useHeat } from "./use-heat.ts";

const LEGEND = [
  ["calm", "normal, within 2 σ"],
  ["edge", "2 σ"],
  ["low", "3 σ"],
  ["medium", "5 σ"],
  ["high", "8 σ"],
  ["critical", "12 σ and more"],
  ["bad", "no value to believe"],
  ["stale", "stale"],
  ["uncertain", "out of range"],
  ["unlearned", "not learned"],
  ["unmoved", "never moved, no σ"],
] as const;

/** So few signals may have larger cells. */
const FEW = 60;

interface Props {
  plant: Plant;
  live: boolean;
  /** The machines that an action moved from where their normal was learned; empty where there are none. */
  acted: string;
  /** Those that run elsewhere than they are rated for, and of which no action is known. */
  elsewhere: string;
}

export const Heatmap = memo(function Heatmap({ plant, live, acted, elsewhere }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [said, setSaid] = useState<string | null>(null);
  const cells = useMemo(() => <Cells assets={plant.assets} />, [plant.assets]);
  useHeat(box, plant, live, setSaid);
  return (
    <section className="heat panel" aria-labelledby={`heat-${plant.site}`}>
      <header>
        <h2 id={`heat-${plant.site}`}>All signals</h2>
        <p className="said" aria-hidden="true">
          {said ?? (matchMedia("(hover: none)").matches ? "Touch a cell to see its signal." : "Point at a cell, or go through them with the arrow keys.")}
        </p>
      </header>
      <p className="unseen">A cell is a signal. The arrow keys go from cell to cell, Home and End to the first and the last of a machine, Enter opens the signal.</p>
      <div ref={box} className="cells" data-few={plant.assets.reduce((sum, asset) => sum + asset.signals.length, 0) <= FEW} onKeyDown={moveOn}>
        {cells}
      </div>
      {acted !== "" && (
        <p className="by">
          An action changed how {acted} {acted.includes(", ") ? "run" : "runs"}: the distance shown is from what was normal before.
        </p>
      )}
      {elsewhere !== "" && (
        <p className="by">
          {elsewhere} {elsewhere.includes(", ") ? "do not run" : "does not run"} at the rated set point: the distance shown is from what was normal before.
        </p>
      )}
      <ul className="key" aria-hidden="true">
        {LEGEND.map(([level, text]) => (
          <li key={level}>
            <i className="cell" data-level={level} data-side={level === "low" || level === "critical" || level === "high" || level === "medium" ? "high" : "none"} />
            {text}
          </li>
        ))}
      </ul>
    </section>
  );
});

function Cells({ assets }: { assets: readonly Asset[] }) {
  const first = assets.find((asset) => asset.signals.length > 0)?.signals[0]?.id;
  return (
    <ul>
      {assets.map((asset) => (
        <li key={asset.id}>
          <a className="machine" href={href.asset(asset.site, asset.id)}>
            {asset.name}
          </a>
          <ul>
            {asset.signals.map((signal) => (
              <li key={signal.id}>
                <a
                  className="cell"
                  href={href.signal(asset.site, signal.id)}
                  data-signal={signal.id}
                  data-name={`${asset.name}, ${signalName(signal, asset.signals).toLowerCase()}`}
                  tabIndex={signal.id === first ? 0 : -1}
                >
                  <span className="unseen" />
                </a>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

/** One stop of the Tab key for the whole map; within it the arrows lead. */
function moveOn(event: KeyboardEvent<HTMLElement>): void {
  const here = (event.target as HTMLElement).closest<HTMLElement>(".cell");
  if (here === null) return;
  const cells = [...event.currentTarget.querySelectorAll<HTMLElement>(".cell")];
  const to = next(event.key, here, cells);
  if (to === undefined || to === here) return;
  event.preventDefault();
  here.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

function next(key: string, here: HTMLElement, cells: HTMLElement[]): HTMLElement | undefined {
  const place = cells.indexOf(here);
  const row = [...(here.closest("ul")?.querySelectorAll<HTMLElement>(".cell") ?? [])];
  switch (key) {
    case "ArrowRight":
      return cells[place + 1];
    case "ArrowLeft":
      return cells[place - 1];
    case "Home":
      return row[0];
    case "End":
      return row.at(-1);
    case "ArrowDown":
      return inRow(here, row, cells, 1);
    case "ArrowUp":
      return inRow(here, row, cells, -1);
    default:
      return undefined;
  }
}

/** The cell at the same place of the machine above or below, or the last one that it has. */
function inRow(here: HTMLElement, row: HTMLElement[], cells: HTMLElement[], step: 1 | -1): HTMLElement | undefined {
  const edge = step === 1 ? row.at(-1) : row[0];
  const neighbour = edge && cells[cells.indexOf(edge) + step];
  const other = [...(neighbour?.closest("ul")?.querySelectorAll<HTMLElement>(".cell") ?? [])];
  return other[row.indexOf(here)] ?? other.at(-1);
}
