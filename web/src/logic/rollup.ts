// The worst state below each place of the plant: an area stands as its worst line, a line as its worst machine.
import type { Severity } from "../api/fragments.ts";
import { type Standing, type Stood, worst } from "./standing.ts";
import { byPlace, type Placed } from "./tree.ts";

export interface Leaf extends Placed {
  stood: Stood;
  severity: Severity | null;
}

export interface Rolled {
  stood: Stood;
  severity: Severity | null;
  /** Machines below that are not normal. */
  abnormal: number;
  total: number;
}

export interface LineNode<L> extends Rolled {
  name: string;
  leaves: readonly L[];
}

export interface AreaNode<L> extends Rolled {
  name: string;
  lines: readonly LineNode<L>[];
}

/** What waits for a person first; among equals the more severe. */
const PRESSING: readonly Standing[] = ["ask", "alert", "case", "acting", "locked", "away", "mitigated", "closed", "ok"];

export function rolledUp(leaves: readonly Pick<Leaf, "stood" | "severity">[]): Rolled {
  const abnormal = leaves.filter((leaf) => leaf.stood.standing !== "ok");
  const first = PRESSING.flatMap((standing) => abnormal.find((leaf) => leaf.stood.standing === standing) ?? [])[0];
  return {
    stood: first?.stood ?? { standing: "ok", text: "Normal" },
    severity: worst(abnormal.map((leaf) => leaf.severity)),
    abnormal: abnormal.length,
    total: leaves.length,
  };
}

export function treeOf<L extends Leaf>(leaves: readonly L[]): AreaNode<L>[] {
  return byPlace(leaves).map((area) => ({
    name: area.name,
    ...rolledUp(area.lines.flatMap((line) => line.assets)),
    lines: area.lines.map((line) => ({ name: line.name, leaves: line.assets, ...rolledUp(line.assets) })),
  }));
}
