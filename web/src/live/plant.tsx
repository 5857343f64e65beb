// What all screens share: the plants, cases as they change, and what waits for a person. Asked once, then pushed.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { ApprovalsChanged, CasesChanged, PlantChanged, ReadingsChanged } from "../api/changes.ts";
import { useConnection } from "../api/connection.ts";
import type { Action, Answered, AssetHealth, CaseSummary } from "../api/fragments.ts";
import { ApprovalsQuery, type Plant, PlantsQuery, StandQuery } from "../api/queries.ts";
import { type Asked, useAsked } from "../api/use-asked.ts";
import { useFollowed } from "../api/use-followed.ts";
import { useListen } from "../api/use-listen.ts";
import { usePaced } from "../api/use-paced.ts";
import type { ResultOf } from "../api/graphql.ts";
import { newer } from "../logic/cases.ts";
import { lapseOf } from "../logic/lapse.ts";
import { useMoment } from "./moment.ts";
import { useRefreshOnReturn } from "./returned.ts";
import { forget, replaceWith, takeIn } from "./values.ts";

export interface Changes {
  any: number;
  plant: number;
  outside: number;
  crew: number;
}

const NO_CHANGES: Changes = { any: 0, plant: 0, outside: 0, crew: 0 };

export interface PlantView {
  plants: readonly Plant[] | null;
  loading: boolean;
  problem: string | null;
  refresh: () => void;
  /** Asks again for what came of an answer. */
  follow: (answered: Answered | null) => void;
  /** Cases that changed since the page opened, by id. */
  changed: ReadonlyMap<string, CaseSummary>;
  /** Health pushed since the plants were asked, by `site/asset`. */
  health: ReadonlyMap<string, AssetHealth>;
  /** Null until the server has said. */
  approvals: readonly Action[] | null;
  /** Counts what was pushed: of anything, of what is shown of the plant itself, of what leaves the house and whom it reaches, and of the crew. */
  plantChanges: Changes;
  /** `60×` in a demonstration, null in real time. */
  lapse: string | null;
  /** The past time that is looked at; null is now. */
  past: string | null;
}

/** A plant's description is large: a busy minute asks for it no more often. */
const LEAST_BETWEEN_ASKS_MS = 5_000;

const View = createContext<PlantView | null>(null);

export function usePlant(): PlantView {
  const view = useContext(View);
  if (view === null) throw new Error("usePlant is for what stands inside PlantProvider");
  return view;
}

/** How fast plant time runs where it is not people's; null in real time, and outside of the plant, as at the door. */
export function useLapse(): string | null {
  return useContext(View)?.lapse ?? null;
}

export function PlantProvider({ children }: { children: ReactNode }) {
  const asked = useFollowed(PlantsQuery, {});
  const stand = useAsked(StandQuery, {});
  const past = useMoment();
  const [changed, setChanged] = useState<ReadonlyMap<string, CaseSummary>>(new Map());
  const [health, setHealth] = useState<ReadonlyMap<string, AssetHealth>>(new Map());
  const [pushed, setApprovals] = useState<readonly Action[] | null>(null);
  const then = useAsked(ApprovalsQuery, {}, past === null);
  const approvals = past === null ? pushed : (then.data?.pendingApprovals ?? null);

  useCaseChanges(stand, (row, ofAsset) => {
    setChanged((known) => new Map(known).set(row.id, newer(known.get(row.id), row)));
    if (ofAsset) setHealth((known) => new Map(known).set(`${ofAsset.site}/${ofAsset.asset}`, ofAsset));
  });
  const [plantChanges, setPlantChanges] = useState(NO_CHANGES);
  useListen(PlantChanged, {}, (push) => {
    setPlantChanges((before) => counted(before, push.plantChanged));
  });
  usePaced(plantChanges.plant, asked.refresh, LEAST_BETWEEN_ASKS_MS);
  useListen(ApprovalsChanged, {}, (push) => setApprovals(push.pendingApprovalsChanged.pendingApprovals));

  const plants = asked.data?.plants ?? null;
  useEffect(() => {
    // What was just asked is at least as new as what was pushed before it.
    setHealth(new Map());
    const take = past === null ? takeIn : replaceWith;
    for (const plant of plants ?? []) {
      take(plant.site, plant.assets.flatMap((asset) => asset.signals.flatMap((signal) => signal.latest ?? [])));
    }
  }, [plants, past]);
  useEffect(() => {
    // What was pushed is of now, and what was read of a past is of then.
    setChanged(new Map());
    setApprovals(null);
    forget();
  }, [past === null]);
  useRefreshOnReturn(asked.refresh);

  const lapse = lapseOf(stand.data?.health.parts ?? []);
  const view = useMemo(
    () => ({ plants, loading: asked.loading, problem: asked.problem, refresh: asked.refresh, follow: asked.follow, changed, health, approvals, plantChanges, lapse, past }),
    [plants, asked.loading, asked.problem, asked.refresh, asked.follow, changed, health, approvals, plantChanges, lapse, past],
  );
  return (
    <View.Provider value={view}>
      {plants?.map((plant) => <SiteReadings key={plant.site} plant={plant} />)}
      {children}
    </View.Provider>
  );
}

/** Begins behind a position read under this connection, so that nothing between query and push is missed. */
function useCaseChanges(stand: Asked<ResultOf<typeof StandQuery>>, take: (row: CaseSummary, health: AssetHealth | undefined) => void): void {
  const { epoch } = useConnection();
  const after = stand.loading || epoch === 0 ? null : (stand.data?.health.position ?? null);
  useListen(CasesChanged, after === null ? null : { after }, (push) => {
    const row = push.caseChanged.case;
    take(row, row.asset?.health);
  });
}

function SiteReadings({ plant }: { plant: Plant }) {
  const signals = useMemo(() => plant.assets.flatMap((asset) => asset.signals.map((signal) => signal.id)), [plant]);
  const variables = useMemo(() => (signals.length > 0 ? { site: plant.site, signals } : null), [plant.site, signals]);
  useListen(
    ReadingsChanged,
    variables,
    useCallback((push) => takeIn(plant.site, push.readingsChanged.readings), [plant.site]),
  );
  return null;
}

function counted(before: Changes, pushed: { plant: boolean; outside: boolean; crew: boolean }): Changes {
  const { any, plant, outside, crew } = before;
  return { any: any + 1, plant: plant + Number(pushed.plant), outside: outside + Number(pushed.outside), crew: crew + Number(pushed.crew) };
}
