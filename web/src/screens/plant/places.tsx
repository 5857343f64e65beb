// The plant as a tree of ISA-95 places, each standing as the worst below it.
import { useMemo } from "react";
import type { Asset, Plant } from "../../api/queries.ts";
import type { PlantView } from "../../live/plant.tsx";
import { type AreaNode, type Leaf, type LineNode, type Rolled, treeOf } from "../../logic/rollup.ts";
import { href } from "../../logic/route.ts";
import { placeName } from "../../logic/words.ts";
import { Mark } from "../../parts/mark.tsx";
import { type Away, stoodOf } from "./asset-state.ts";

interface Machine extends Leaf {
  asset: Asset;
}

/** A line of more machines than this stays closed while all of them are well. */
const OPEN_UP_TO = 8;

export function Places({ plant, view, away }: { plant: Plant; view: PlantView; away: Away }) {
  const { changed, health } = view;
  const tree = useMemo(
    () => treeOf(plant.assets.map((asset): Machine => ({ asset, area: asset.area, line: asset.line, ...stoodOf(asset, { changed, health }, away) }))),
    [plant.assets, changed, health, away],
  );
  return (
    <nav className="places panel" aria-label={`Places of ${plant.name}`}>
      <h2>Places</h2>
      <ul>
        {tree.map((area) => (
          <Area key={area.name} area={area} />
        ))}
      </ul>
    </nav>
  );
}

function Area({ area }: { area: AreaNode<Machine> }) {
  return (
    <li>
      <details open>
        <Head kind="Area" name={area.name} rolled={area} />
        <ul>
          {area.lines.map((line) => (
            <Line key={line.name} line={line} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function Line({ line }: { line: LineNode<Machine> }) {
  return (
    <li>
      <details open={line.abnormal > 0 || line.total <= OPEN_UP_TO}>
        <Head kind="Line" name={line.name} rolled={line} />
        <ul>
          {line.leaves.map(({ asset, stood, severity }) => (
            <li key={asset.id} className="leaf">
              <a href={href.asset(asset.site, asset.id)}>
                <span className="name">
                  {asset.name}
                  {asset.cell !== null && <span className="label"> {asset.cell}</span>}
                </span>
                {stood.standing === "ok" ? <span className="unseen">Normal</span> : <Mark standing={stood.standing} severity={severity} text={stood.text} />}
              </a>
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

function Head({ kind, name, rolled }: { kind: string; name: string; rolled: Rolled }) {
  return (
    <summary>
      <span className="name">
        <span className="label">{kind}</span> {placeName(name)}
      </span>
      {rolled.abnormal === 0 ? (
        <span className="label">{rolled.total} normal</span>
      ) : (
        <span className="worst">
          <Mark standing={rolled.stood.standing} severity={rolled.severity} text={`${rolled.abnormal} of ${rolled.total}`} />
          <span className="unseen"> not normal, at worst: {rolled.stood.text}</span>
        </span>
      )}
    </summary>
  );
}
