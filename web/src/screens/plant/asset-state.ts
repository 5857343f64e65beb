// How a machine stands now: what was asked, and what was pushed since.
import type { AssetHealth, Severity } from "../../api/fragments.ts";
import type { Asset } from "../../api/queries.ts";
import type { PlantView } from "../../live/plant.tsx";
import { openCasesOf } from "../../logic/cases.ts";
import { assetStanding, type Stood, worst } from "../../logic/standing.ts";

export function healthOf(asset: Asset, view: Pick<PlantView, "health">): AssetHealth {
  return view.health.get(`${asset.site}/${asset.id}`) ?? asset.health;
}

export function stoodOf(asset: Asset, view: Pick<PlantView, "health" | "changed">): { stood: Stood; severity: Severity | null } {
  const open = openCasesOf(asset, view.changed);
  return { stood: assetStanding(healthOf(asset, view), open.map((one) => one.stage)), severity: worst(open.map((one) => one.severity)) };
}
