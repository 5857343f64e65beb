// One machine: how it stands, what it says, what was learned of it, what was wrong before, and whether somebody's hands are in it.
import { useMemo } from "react";
import { type AssetDetail, AssetPastQuery, AssetQuery } from "../../api/asset.ts";
import type { Answered, CaseSummary } from "../../api/fragments.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { openCasesOf } from "../../logic/cases.ts";
import { day } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { assetStanding, worst } from "../../logic/standing.ts";
import { humanise, placeName, plural } from "../../logic/words.ts";
import { GrafanaLink } from "../../parts/grafana-link.tsx";
import { Mark } from "../../parts/mark.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { CaseTable } from "../cases/case-table.tsx";
import { Relearned, RelearningProposed } from "../plant/relearning.tsx";
import { SignalList } from "../plant/signal-list.tsx";
import { AssetAlarms } from "./asset-alarms.tsx";
import { Baselines } from "./baselines.tsx";
import { LockOutPanel } from "./lock-out.tsx";
import { healthOf, useAway } from "../plant/asset-state.ts";
import { Record } from "./record.tsx";

const PAST_CASES = 10;
const LEAST_MS = 2_000;

export function AssetScreen({ site, id }: { site: string; id: string }) {
  const { plantChanges, plants } = usePlant();
  const asked = useFollowed(AssetQuery, { site, asset: id });
  usePaced(plantChanges.any, asked.refresh, LEAST_MS);
  // The overview knows nearly all of it already: it is shown while the rest is asked for.
  const known = useMemo(() => plants?.find((plant) => plant.site === site)?.assets.find((asset) => asset.id === id), [plants, site, id]);
  const asset = asked.data?.asset ?? null;
  if (asset) return <AssetView asset={asset} problem={asked.problem} refresh={asked.refresh} follow={asked.follow} />;
  if (asked.problem) return <Problem text={asked.problem} retry={asked.refresh} />;
  if (asked.loading) return <Loading what={known?.name ?? "the machine"} />;
  return (
    <Empty title="No such machine">
      None of this site is called {id} today. <a href={href.plant}>See the plant</a>.
    </Empty>
  );
}

interface Props {
  asset: AssetDetail;
  problem: string | null;
  refresh: () => void;
  follow: (answered: Answered | null) => void;
}

function AssetView({ asset, problem, refresh, follow }: Props) {
  const view = usePlant();
  const past = useAsked(AssetPastQuery, { site: asset.site, asset: asset.id, first: PAST_CASES });
  usePaced(view.plantChanges.any, past.refresh, LEAST_MS);
  const open = openCasesOf(asset, view.changed);
  const health = healthOf(asset, view);
  const away = useAway([asset]).has(asset.id);
  const stood = assetStanding(health, open.map((one) => one.stage), away);
  const suspects = new Set(open.flatMap((one) => one.evidence.map((evidence) => evidence.signal)));
  const live = view.past === null && view.plants?.find((plant) => plant.site === asset.site)?.source === "LIVE";
  return (
    <article className="asset">
      <header className="casehead">
        <p className="crumbs">
          <a href={href.plant}>Plant</a> › {placeName(asset.area)} › {placeName(asset.line)}
          {asset.cell !== null && ` › ${asset.cell}`}
        </p>
        <h1>
          {asset.name} <Mark standing={stood.standing} severity={worst(open.map((one) => one.severity))} text={stood.text} />
        </h1>
        <p className="sum">
          {[humanise(asset.class), asset.vendor, plural(asset.signals.length, "signal")].filter(Boolean).join(" · ")}
          {" · "}
          <a href={href.casesOf(asset.site, asset.id)}>all its cases</a> · <a href={href.auditOf(`asset/${asset.id}`)}>as stored</a>
          <GrafanaLink before=" · " text="in Grafana" site={asset.site} asset={asset.id} />
        </p>
      </header>
      {problem && <Problem text={problem} retry={refresh} />}
      <div className="columns machine">
        <div className="actions">
          <LockOutPanel asset={asset} health={health} follow={follow} />
          <Record health={health} />
        </div>
        <div className="reasons">
          <section className="panel" aria-labelledby="open-cases">
            <h2 id="open-cases">Open cases</h2>
            {open.length === 0 ? <p className="by">{away ? "None, though its values stand far from what was learned: it runs otherwise than before." : "Nothing departs from normal here."}</p> : <CaseTable rows={open} />}
          </section>
          <section className="panel card" aria-labelledby="asset-signals">
            <h2 id="asset-signals">Signals</h2>
            <RelearningProposed asset={asset} />
            <SignalList site={asset.site} signals={asset.signals} live={live} seen suspects={suspects} />
            <Relearned asset={asset} />
          </section>
          <Baselines asset={asset} />
        </div>
        <div className="outcomes">
          {past.problem && <Problem text={past.problem} retry={past.refresh} />}
          {past.data && <AssetAlarms alarms={past.data.alarms.filter((alarm) => alarm.asset === asset.id)} signals={asset.signals} />}
          <section className="panel" aria-labelledby="past-cases">
            <h2 id="past-cases">Past cases</h2>
            {past.data === null && !past.problem && <Loading what="its past" />}
            {past.data?.cases.nodes.length === 0 && <p className="by">No case of this machine has been closed yet.</p>}
            {past.data !== null && past.data.cases.nodes.length > 0 && <PastCases rows={past.data.cases.nodes} />}
            {past.data?.cases.pageInfo.hasNextPage && <a href={href.casesOf(asset.site, asset.id)}>Older ones</a>}
          </section>
        </div>
      </div>
    </article>
  );
}

function PastCases({ rows }: { rows: readonly CaseSummary[] }) {
  return (
    <ol className="pastcases">
      {rows.map((row) => (
        <li key={row.id}>
          <a href={href.case(row.id)}>{row.diagnosis ? humanise(row.diagnosis.cause) : "Cause not known"}</a>
          <span className="feature">
            {row.outcome ? humanise(row.outcome.outcome) : "closed"}, {day(row.openedAt)}
          </span>
        </li>
      ))}
    </ol>
  );
}
