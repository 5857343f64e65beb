// Keeps the heatmap's cells true, outside React: a push touches only those whose look or words are other than before.
import { type RefObject, useEffect } from "react";
import type { Plant } from "../../api/queries.ts";
import { subscribeClock } from "../../live/clock.ts";
import { knownOf, subscribeValues } from "../../live/values.ts";
import { heatOf } from "../../logic/heat.ts";

interface Cell {
  element: HTMLElement;
  signal: Plant["assets"][number]["signals"][number];
  look: string;
  words: string;
}

export function useHeat(box: RefObject<HTMLElement | null>, plant: Plant, live: boolean, say: (words: string | null) => void): void {
  useEffect(() => {
    if (box.current === null) return;
    const cells = cellsOf(box.current, plant);
    let pointed: HTMLElement | null = null;
    let frame = 0;
    const draw = () => {
      frame = 0;
      for (const cell of cells.values()) touch(cell, plant.site, live);
      const words = pointed === null ? undefined : cells.get(pointed)?.words;
      say(words ?? null);
    };
    const soon = () => {
      frame ||= requestAnimationFrame(draw);
    };
    const point = (event: Event) => {
      pointed = (event.target as HTMLElement).closest<HTMLElement>(".cell");
      soon();
    };
    const leave = () => {
      pointed = null;
      soon();
    };
    draw();
    const host = box.current;
    host.addEventListener("pointerover", point);
    host.addEventListener("focusin", point);
    host.addEventListener("pointerleave", leave);
    host.addEventListener("focusout", leave);
    // Values change by being pushed, and by growing old.
    const ends = [subscribeValues(soon), subscribeClock(soon)];
    return () => {
      for (const end of ends) end();
      cancelAnimationFrame(frame);
      host.removeEventListener("pointerover", point);
      host.removeEventListener("focusin", point);
      host.removeEventListener("pointerleave", leave);
      host.removeEventListener("focusout", leave);
    };
  }, [box, plant, live, say]);
}

function cellsOf(host: HTMLElement, plant: Plant): Map<HTMLElement, Cell> {
  const signals = new Map(plant.assets.flatMap((asset) => asset.signals.map((signal) => [signal.id, signal] as const)));
  const cells = new Map<HTMLElement, Cell>();
  for (const element of host.querySelectorAll<HTMLElement>(".cell")) {
    const signal = signals.get(element.dataset["signal"] ?? "");
    if (signal) cells.set(element, { element, signal, look: "", words: "" });
  }
  return cells;
}

function touch(cell: Cell, site: string, live: boolean): void {
  const known = knownOf(site, cell.signal.id);
  const silent = live && known ? Date.now() - known.heardAt : 0;
  const heat = heatOf(cell.signal, known, silent);
  const look = `${heat.level} ${heat.side}`;
  if (look !== cell.look) {
    cell.look = look;
    cell.element.dataset["level"] = heat.level;
    cell.element.dataset["side"] = heat.side;
  }
  const words = `${cell.element.dataset["name"]}: ${heat.text}`;
  if (words === cell.words) return;
  cell.words = words;
  const text = cell.element.firstElementChild;
  if (text) text.textContent = words;
}
