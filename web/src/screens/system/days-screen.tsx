// What days and stretches of work came to, the latest first: a line for people, and the figures behind it.
import { SummariesQuery, type Summary } from "../../api/people.ts";
import type { Plant } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { stretchText } from "../../logic/stretch.ts";
import { AsOf } from "../../parts/as-of.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { SystemTabs } from "./system-tabs.tsx";

export function DaysScreen() {
  const { plants, problem, refresh } = usePlant();
  return (
    <>
      <header className="pagehead">
        <h1>Days</h1>
      </header>
      <SystemTabs here="days" />
      {plants === null && (problem ? <Problem text={problem} retry={refresh} /> : <Loading what="the plant" />)}
      {plants?.length === 0 && <Empty title="No plant is described yet">Without machines there is nothing to sum up.</Empty>}
      {plants?.map((plant) => <SiteDays key={plant.site} plant={plant} />)}
    </>
  );
}

/** Two weeks of days with their stretches in between. */
const MOST = 30;
const LEAST_MS = 2_000;

function SiteDays({ plant }: { plant: Plant }) {
  const asked = useAsked(SummariesQuery, { site: plant.site, first: MOST });
  usePaced(usePlant().plantChanges.outside, asked.refresh, LEAST_MS);
  useRefreshOnReturn(asked.refresh);
  const summaries = asked.data?.summaries ?? null;
  return (
    <section className="days" aria-labelledby={`days-${plant.site}`}>
      <header className="sectionhead">
        <h2 id={`days-${plant.site}`}>{plant.name}</h2>
        <AsOf read={summaries} loading={asked.loading} refresh={asked.refresh} />
      </header>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {summaries === null && !asked.problem && <Loading what="the summaries" />}
      {summaries?.length === 0 && <Empty title="No day has been summed up yet">The first summary comes when the first day of this site is over, at the hour that its roster names.</Empty>}
      {summaries !== null && summaries.length > 0 && (
        <p className="by">“Healthy” is said of Millwright's own parts, not of the machines: a day can be healthy and have open cases.</p>
      )}
      {summaries !== null && summaries.length > 0 && (
        <ol className="panel summaries">
          {summaries.map((summary) => (
            <Stretch key={`${summary.kind} ${summary.to}`} summary={summary} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Stretch({ summary }: { summary: Summary }) {
  return (
    <li data-kind={summary.kind}>
      <p className="by">
        {summary.kind === "DAILY" ? "Day" : "Progress"}, {stretchText(summary.from, summary.to)}
      </p>
      <p className="sentence">{summary.line}</p>
      {summary.details.length > 0 && (
        <details>
          <summary>What it came to</summary>
          <ul>
            {summary.details.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
