// How a machine stands now: what was asked, and what was pushed since.
import type { AssetHealth, Severity } from "../../api/fragments.ts";
import type { Asset } from "../../api/queries.ts";
import type { PlantView } from "../../live/plant.tsx";
import { knownOf } from "../../live/values.ts";
import { openCasesOf } from "../../logic/cases.ts";
import { assetStanding, type Stood, worst } from "../../logic/standing.ts";

export function healthOf(asset: Asset, view: Pick<PlantView, "health">): AssetHealth {
  return view.health.get(`${asset.site}/${asset.id}`) ?? asset.health;
}

export function stoodOf(asset: Asset, view: Pick<PlantView, "health" | "changed">): { stood: Stood; severity: Severity | null } {
  const open = openCasesOf(asset, view.changed);
  return { stood: assetStanding(healthOf(asset, view), open.map((one) => one.stage)), severity: worst(open.map((one) => one.severity)) };
}

/** Nearer than this a machine runs as it is rated. */
const AS_RATED = 0.01;

/** The names of machines that an action has moved away from where they are rated, while its case is open. */
export function actedUpon(assets: readonly Asset[], { changed }: Pick<PlantView, "changed">): string {
  const moved = assets.filter(
    (asset) =>
      openCasesOf(asset, changed).some((open) => open.stage === "verifying" || open.stage === "mitigated") &&
      asset.signals.some((signal) => {
        const value = knownOf(asset.site, signal.id)?.reading.value ?? signal.latest?.value;
        return signal.writable !== null && value != null && Math.abs(value - signal.writable.rated) > AS_RATED * Math.abs(signal.writable.rated);
      }),
  );
  return moved.map((asset) => asset.name).join(", ");
}
