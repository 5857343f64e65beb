// How a machine stands now: what was asked, what was pushed since, and how far its values are from what was learned.
import { useMemo, useSyncExternalStore } from "react";
import type { AssetHealth, Severity, Signal } from "../../api/fragments.ts";
import type { Asset } from "../../api/queries.ts";
import type { PlantView } from "../../live/plant.tsx";
import { knownOf, subscribeValues } from "../../live/values.ts";
import { openCasesOf } from "../../logic/cases.ts";
import { heatOf } from "../../logic/heat.ts";
import { runsElsewhere } from "../../logic/moved.ts";
import { assetStanding, isAway, type Stood, worst } from "../../logic/standing.ts";

/** A machine with its signals, as any screen asks for it. */
type Machine = Pick<Asset, "id" | "site" | "name"> & { signals: readonly Signal[] };

export function healthOf(asset: Pick<Asset, "id" | "site" | "health">, view: Pick<PlantView, "health">): AssetHealth {
  return view.health.get(`${asset.site}/${asset.id}`) ?? asset.health;
}

export function stoodOf(asset: Asset, view: Pick<PlantView, "health" | "changed">, away: Away): { stood: Stood; severity: Severity | null } {
  const open = openCasesOf(asset, view.changed);
  const stages = open.map((one) => one.stage);
  return { stood: assetStanding(healthOf(asset, view), stages, away.has(asset.id)), severity: worst(open.map((one) => one.severity)) };
}

/** Machines of one site whose values stand far from what was learned, by id. */
export type Away = ReadonlySet<string>;

/** Told anew only when a machine goes away or comes back, however many values are pushed. */
export function useAway(machines: readonly Machine[]): Away {
  const ids = useSyncExternalStore(subscribeValues, () => awayIds(machines));
  return useMemo(() => new Set(ids === "" ? [] : ids.split("\n")), [ids]);
}

function awayIds(machines: readonly Machine[]): string {
  return machines
    .filter(({ site, signals }) => isAway(signals.map((signal) => heatOf(signal, knownOf(site, signal.id), 0).sigma)))
    .map(({ id }) => id)
    .join("\n");
}

/** Why cells may be red though nothing is wrong there: the machines that run elsewhere than they are rated, by name. */
export function movedOf(assets: readonly Asset[], view: Pick<PlantView, "changed" | "health">, away: Away): { acted: string; elsewhere: string } {
  const off = assets
    .filter(({ site, signals }) =>
      runsElsewhere(signals.map((signal) => ({ rated: signal.writable?.rated ?? null, value: knownOf(site, signal.id)?.reading.value ?? signal.latest?.value ?? null }))),
    )
    .map((asset) => ({ asset, acted: wasActedUpon(asset, view) }));
  const named = (acted: boolean) => off.filter((one) => one.acted === acted && (acted || away.has(one.asset.id))).map((one) => one.asset.name);
  return { acted: named(true).join(", "), elsewhere: named(false).join(", ") };
}

/** While its case is open, and after somebody has closed it as mitigated: then what was written stands on. */
function wasActedUpon(asset: Asset, view: Pick<PlantView, "changed" | "health">): boolean {
  const open = openCasesOf(asset, view.changed);
  return open.some(({ stage }) => stage === "verifying" || stage === "mitigated") || healthOf(asset, view).lastOutcome === "MITIGATED";
}
