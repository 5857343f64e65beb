// One signal, from every value to a year: its curve over what is normal, what happened meanwhile, and the same as a table.
import { AssetQuery } from "../../api/asset.ts";
import type { Asset } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePlant } from "../../live/plant.tsx";
import { useKnown } from "../../live/values.ts";
import { figure } from "../../logic/format.ts";
import { heatOf } from "../../logic/heat.ts";
import { href } from "../../logic/route.ts";
import { placeName, signalName, unitSymbol } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { MovedLimits } from "../plant/moved-limits.tsx";
import { Explorer } from "./explorer.tsx";
import { SignalFacts } from "./signal-facts.tsx";

export function SignalScreen({ site, id }: { site: string; id: string }) {
  const view = usePlant();
  const plant = view.plants?.find((one) => one.site === site);
  const asset = plant?.assets.find((one) => one.signals.some((signal) => signal.id === id));
  if (asset) return <SignalView asset={asset} id={id} />;
  if (view.plants === null) return view.problem ? <Problem text={view.problem} retry={view.refresh} /> : <Loading what="the signal" />;
  return (
    <Empty title="No such signal">
      None of this site is called {id} today. <a href={href.plant}>See the plant</a>.
    </Empty>
  );
}

function SignalView({ asset, id }: { asset: Asset; id: string }) {
  const signal = asset.signals.find((one) => one.id === id);
  const known = useKnown(asset.site, id);
  const asked = useAsked(AssetQuery, { site: asset.site, asset: asset.id, atLeast: null });
  const learned = asked.data?.asset?.signals.find((one) => one.id === id) ?? null;
  if (!signal) return null;
  const name = signalName(signal, asset.signals);
  const heat = heatOf(signal, known, 0);
  return (
    <article className="signalscreen">
      <header className="casehead">
        <p className="crumbs">
          <a href={href.plant}>Plant</a> › {placeName(asset.area)} › {placeName(asset.line)} › <a href={href.asset(asset.site, asset.id)}>{asset.name}</a>
        </p>
        <h1>
          {name}
          <span className="on"> of {asset.name}</span>
        </h1>
        <p className="present">
          <output>{figure(known?.reading.value)}</output> <span className="unit">{unitSymbol(signal.unit)}</span>
          <span className="feature">{heat.text.replace(/^[^,]*, /, "")}</span>
        </p>
        <MovedLimits site={asset.site} signal={signal} name={name} />
      </header>
      <Explorer asset={asset} signal={signal} trip={learned?.trip ?? null} />
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {learned && <SignalFacts signal={learned} />}
    </article>
  );
}
