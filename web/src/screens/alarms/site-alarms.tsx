// A site's alarms by state, those that ask for a person first; asked again when anything of it changes.
import { useEffect } from "react";
import { type Alarm, AlarmsQuery } from "../../api/alarms.ts";
import type { Plant } from "../../api/queries.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { serverNow } from "../../live/clock.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { alarmKey, nextShelfEnd, ofState, STATES } from "../../logic/alarms.ts";
import { AsOf } from "../../parts/as-of.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { type Tell, useSaid } from "../../parts/said.ts";
import { AlarmRow } from "./alarm-row.tsx";
import { Flood, Performance, usePerformance } from "./performance.tsx";

const LEAST_MS = 2_000;

export function SiteAlarms({ plant }: { plant: Plant }) {
  const changes = usePlant().plantChanges;
  const asked = useFollowed(AlarmsQuery, { site: plant.site });
  const alarms = asked.data?.alarms ?? null;
  usePaced(changes.any, asked.refresh, LEAST_MS);
  useRefreshOnReturn(asked.refresh);
  useShelfEnd(alarms, asked.refresh);
  const performing = usePerformance(plant.site, alarms);
  const { said, tell, element } = useSaid(alarms, asked.follow);

  return (
    <section className="alarmsite" aria-labelledby={`alarms-${plant.site}`}>
      <header>
        <h2 id={`alarms-${plant.site}`}>{plant.name}</h2>
        <AsOf read={alarms} loading={asked.loading} refresh={asked.refresh} />
      </header>
      <p ref={element} tabIndex={-1} className="said" role="status">
        {said}
      </p>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      <Flood found={performing.found} />
      {alarms === null ? !asked.problem && <Loading what="the alarms" /> : <ByState alarms={alarms} plant={plant} tell={tell} />}
      {alarms !== null && <Performance plant={plant} performing={performing} />}
    </section>
  );
}

function ByState({ alarms, plant, tell }: { alarms: readonly Alarm[]; plant: Plant; tell: Tell }) {
  if (alarms.length === 0) return <Empty title="No alarm was ever raised">One appears here by itself when a machine departs from normal.</Empty>;
  const states = STATES.map((told) => ({ ...told, rows: ofState(alarms, told.state) })).filter(({ rows }) => rows.length > 0);
  const list = (rows: readonly Alarm[]) => (
    <ul className="alarms">
      {rows.map((alarm) => (
        <AlarmRow key={alarmKey(alarm)} alarm={alarm} plant={plant} tell={tell} />
      ))}
    </ul>
  );
  return (
    <>
      {states.every(({ state }) => state === "NORMAL") && <Empty title="All quiet">Every alarm is over and was seen.</Empty>}
      {states.map(({ state, title, says, rows }) =>
        state === "NORMAL" ? (
          <details key={state} className="panel alarmstate">
            <summary>
              {title} <span className="count">{rows.length}</span>
            </summary>
            {list(rows)}
          </details>
        ) : (
          <section key={state} className="panel alarmstate" aria-labelledby={`${plant.site}-${state}`}>
            <h3 id={`${plant.site}-${state}`}>
              {title} <span className="count">{rows.length}</span>
            </h3>
            <p className="by">{says}</p>
            {list(rows)}
          </section>
        ),
      )}
    </>
  );
}

/** A shelf's end is no fact of a case and so not pushed, but its time is known. */
function useShelfEnd(alarms: readonly Alarm[] | null, refresh: () => void): void {
  useEffect(() => {
    const end = nextShelfEnd(alarms ?? [], serverNow());
    if (end === null) return;
    // The server's own clock has to be past it, too.
    const timer = setTimeout(refresh, end + 2_000);
    return () => clearTimeout(timer);
  }, [alarms, refresh]);
}
