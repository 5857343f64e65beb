// What inspections found: what was shown held against the ledger, with a picture of the page, the latest first.
import { type Finding, type Inspection, type InspectionDay, InspectionsQuery } from "../../api/inspections.ts";
import type { Plant } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { FINDINGS, found } from "../../logic/inspections.ts";
import { stretchText } from "../../logic/stretch.ts";
import { plural } from "../../logic/words.ts";
import { AsOf } from "../../parts/as-of.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";
import { SystemTabs } from "./system-tabs.tsx";

export function InspectionsScreen() {
  const { plants, problem, refresh } = usePlant();
  return (
    <>
      <header className="pagehead">
        <h1>Inspections</h1>
      </header>
      <SystemTabs here="inspections" />
      {plants === null && (problem ? <Problem text={problem} retry={refresh} /> : <Loading what="the plant" />)}
      {plants?.length === 0 && <Empty title="No plant is described yet">There is nothing to inspect.</Empty>}
      {plants?.map((plant) => <SiteInspections key={plant.site} plant={plant} />)}
    </>
  );
}

/** A day of them, and two weeks of days. */
const MOST = 96;
const DAYS = 14;
const LEAST_MS = 2_000;

function SiteInspections({ plant }: { plant: Plant }) {
  const asked = useAsked(InspectionsQuery, { site: plant.site, first: MOST, days: DAYS });
  usePaced(usePlant().plantChanges.outside, asked.refresh, LEAST_MS);
  useRefreshOnReturn(asked.refresh);
  const made = asked.data?.inspections ?? null;
  return (
    <section className="days" aria-labelledby={`inspections-${plant.site}`}>
      <header className="sectionhead">
        <h2 id={`inspections-${plant.site}`}>{plant.name}</h2>
        <AsOf read={asked.data} loading={asked.loading} refresh={asked.refresh} />
      </header>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {made === null && !asked.problem && <Loading what="the inspections" />}
      {made?.length === 0 && <Empty title="Nothing was inspected yet">The first look comes a minute after the start, then one each quarter of an hour.</Empty>}
      {asked.data !== null && asked.data.inspectionDays.length > 0 && <Days days={asked.data.inspectionDays} />}
      {made !== null && made.length > 0 && (
        <ol className="panel summaries">
          {made.map((one) => (
            <Made key={one.slot} one={one} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Days({ days }: { days: readonly InspectionDay[] }) {
  return (
    <ol className="panel summaries">
      {days.map((day) => (
        <li key={day.to} data-kind="DAILY">
          <p className="by">Day, {stretchText(day.from, day.to)}</p>
          <p className="sentence">{day.line}</p>
          {day.details.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </li>
      ))}
    </ol>
  );
}

function Made({ one }: { one: Inspection }) {
  return (
    <li data-found={one.findings.length > 0}>
      <p className="by">
        <When at={one.slot} />
      </p>
      <p className="sentence">{found(one)}</p>
      {one.findings.length > 0 && (
        <ul>
          {one.findings.map((finding) => (
            <Found key={`${finding.kind} ${finding.what}`} finding={finding} />
          ))}
        </ul>
      )}
      {one.cleared.length > 0 && <p>Right again: {one.cleared.join("; ")}.</p>}
      {one.more > 0 && <p>{plural(one.more, "finding")} more.</p>}
      {one.picture === null ? (
        <p className="label">The page was not looked at: {one.notSeen}.</p>
      ) : (
        <details>
          <summary>The page as it was</summary>
          <a href={one.picture}>
            <img src={one.picture} alt="The overview as a browser showed it at this inspection. Pictures are kept for a while only." loading="lazy" className="looked" />
          </a>
        </details>
      )}
    </li>
  );
}

function Found({ finding }: { finding: Finding }) {
  return (
    <li>
      {finding.urgent && <strong>Urgent: </strong>}
      {FINDINGS[finding.kind]}: {finding.what}. The ledger says {finding.expected}, shown was {finding.shown}.
    </li>
  );
}
