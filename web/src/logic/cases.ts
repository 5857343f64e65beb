// Cases as pages of a list and as changes pushed since: the newer of two views of one case is shown.

export interface Versioned {
  id: string;
  status: "OPEN" | "CLOSED";
  openedAt: string;
  changedAt: string;
}

/** Listed and pushed cases as one list, last opened first, each once, in its newest view. */
export function mergedCases<T extends Versioned>(listed: readonly T[], pushed: ReadonlyMap<string, T>, status: "OPEN" | "CLOSED"): T[] {
  const known = new Map(listed.map((row) => [row.id, row]));
  for (const row of pushed.values()) known.set(row.id, newer(known.get(row.id), row));
  return [...known.values()]
    .filter((row) => row.status === status)
    .sort((a, b) => b.openedAt.localeCompare(a.openedAt) || b.id.localeCompare(a.id));
}

interface OnAsset extends Versioned {
  site: string;
  assetId: string;
}

/** An asset's open cases: those known when it was asked, as they are now, and those opened since. */
export function openCasesOf<T extends OnAsset>(asset: { id: string; site: string; openCases: readonly T[] }, changed: ReadonlyMap<string, T>): T[] {
  const rows = new Map(asset.openCases.map((row) => [row.id, row]));
  for (const row of changed.values()) {
    if (row.site === asset.site && row.assetId === asset.id) rows.set(row.id, newer(rows.get(row.id), row));
  }
  return [...rows.values()].filter((row) => row.status === "OPEN");
}

/** At equal times the later arrival wins: several facts of a case can share one instant. */
export function newer<T extends { changedAt: string }>(known: T | null | undefined, arrived: T): T {
  return known && Date.parse(known.changedAt) > Date.parse(arrived.changedAt) ? known : arrived;
}
