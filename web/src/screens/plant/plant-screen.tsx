// The plant at a glance: what waits for a person, how every place stands, how far every signal is from normal, then the machines.
import { useState } from "react";
import type { Plant } from "../../api/queries.ts";
import { type PlantView, usePlant } from "../../live/plant.tsx";
import { openCasesOf } from "../../logic/cases.ts";
import { unlearned } from "../../logic/learning.ts";
import { byPlace } from "../../logic/tree.ts";
import { placeName, plural } from "../../logic/words.ts";
import { GrafanaLink } from "../../parts/grafana-link.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { ApprovalsStrip } from "./approvals-strip.tsx";
import { AssetCard } from "./asset-card.tsx";
import { type Away, healthOf, movedOf, stoodOf, useAway } from "./asset-state.ts";
import { Figures } from "./figures.tsx";
import { Heatmap } from "./heatmap.tsx";
import { Places } from "./places.tsx";

export function PlantScreen() {
  const view = usePlant();
  if (view.plants === null) {
    return view.problem ? <Problem text={view.problem} retry={view.refresh} /> : <Loading what="the plant" />;
  }
  if (view.plants.length === 0) {
    return (
      <Empty title="No plant is described yet">
        Start the demonstration with <code>millwright demo</code>, or describe your plant in the configuration and run{" "}
        <code>millwright check</code>.
      </Empty>
    );
  }
  return (
    <>
      <ApprovalsStrip />
      {view.problem && <Problem text={view.problem} retry={view.refresh} />}
      {view.plants.map((plant) => (
        <Site key={plant.site} plant={plant} view={view} />
      ))}
    </>
  );
}

function Site({ plant, view }: { plant: Plant; view: PlantView }) {
  const abnormal = plant.assets.filter((asset) => openCasesOf(asset, view.changed).length > 0).length;
  const away = useAway(plant.assets);
  const unopened = plant.assets.filter((asset) => stoodOf(asset, view, away).stood.standing === "away").length;
  const signals = plant.assets.reduce((sum, asset) => sum + asset.signals.length, 0);
  const learning = unlearned(plant.assets);
  return (
    <section className="site" aria-labelledby={`site-${plant.site}`}>
      <header>
        <h1 id={`site-${plant.site}`}>{plant.name}</h1>
        <p className="sum">
          {plural(plant.assets.length, "asset")}, {sumText(abnormal, unopened)}
          {plant.source === "LIVE" && learning > 0 && ` · learning what is normal: ${learning} of ${plural(signals, "signal")} to go`}
          {plant.source !== "LIVE" && <span className="source"> · {plant.source.toLowerCase()}, no effects</span>}
          <GrafanaLink before=" · " text="in Grafana" site={plant.site} />
        </p>
        <Figures site={plant.site} />
      </header>
      <div className="overview">
        <Places plant={plant} view={view} away={away} />
        <Heatmap plant={plant} live={plant.source === "LIVE" && view.past === null} {...movedOf(plant.assets, view, away)} />
      </div>
      <Machines plant={plant} view={view} away={away} />
    </section>
  );
}

function sumText(open: number, away: number): string {
  const said = [open > 0 && `${open} with an open case`, away > 0 && `${away} away from normal with no case open`].filter(Boolean);
  return said.length === 0 ? "all normal" : said.join(", ");
}

/** More machines than a person reads through: then only those that are not normal, until one asks for all. */
const SHOWN_AT_ONCE = 24;

function Machines({ plant, view, away }: { plant: Plant; view: PlantView; away: Away }) {
  const [all, setAll] = useState(plant.assets.length <= SHOWN_AT_ONCE);
  const shown = all ? plant.assets : plant.assets.filter((asset) => asset.relearning.proposed !== null || stoodOf(asset, view, away).stood.standing !== "ok");
  return (
    <>
      {byPlace(shown).map((area) => (
        <section key={area.name} className="area" aria-label={`Area ${area.name}`}>
          {area.lines.map((line) => (
            <section key={line.name} className="line" aria-label={`Line ${line.name}`}>
              <h2>
                <span className="label">Area</span> {placeName(area.name)} <span className="label">Line</span> {placeName(line.name)}
              </h2>
              <div className="cards">
                {line.assets.map((asset) => (
                  <AssetCard
                    key={asset.id}
                    asset={asset}
                    live={plant.source === "LIVE" && view.past === null}
                    health={healthOf(asset, view)}
                    cases={openCasesOf(asset, view.changed)}
                    away={away.has(asset.id)}
                  />
                ))}
              </div>
            </section>
          ))}
        </section>
      ))}
      {!all && (
        <p className="rest">
          {plural(plant.assets.length - shown.length, "machine")} not shown here: nothing waits on them.{" "}
          <button type="button" onClick={() => setAll(true)}>
            Show all machines
          </button>
        </p>
      )}
    </>
  );
}
