// How Millwright itself is: its parts, how far its views lag the log, what it set aside; and the kill switches.
import { HealthQuery, type SystemHealth } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { useLetters } from "../../live/letters.tsx";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { healthLine, partGroups } from "../../logic/health.ts";
import { partitionHint } from "../../logic/partitions.ts";
import { href } from "../../logic/route.ts";
import { plural } from "../../logic/words.ts";
import { AsOf } from "../../parts/as-of.tsx";
import { Deeds } from "../../parts/deeds.tsx";
import { Loading, Problem } from "../../parts/notice.tsx";
import { PartList } from "../../parts/part-list.tsx";
import { KillSwitch } from "./kill-switch.tsx";
import { SystemTabs } from "./system-tabs.tsx";

export function SystemScreen() {
  const { plants, plantChanges, past } = usePlant();
  const asked = useAsked(HealthQuery, {});
  usePaced(plantChanges.any, asked.refresh, LEAST_MS);
  useRefreshOnReturn(asked.refresh);
  const health = asked.data?.health;
  return (
    <>
      <header className="pagehead">
        <h1>System</h1>
        <AsOf read={health} loading={asked.loading} refresh={asked.refresh} />
      </header>
      <SystemTabs here="system" />
      {plants?.map((plant) => (
        <Deeds key={plant.site}>
          <KillSwitch plant={plant} />
        </Deeds>
      ))}
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {past !== null && <p className="scope">How the program is, is known of now only: this is now, not the past that you look at.</p>}
      {health ? <Report health={health} /> : !asked.problem && <Loading what="the system's health" />}
    </>
  );
}

/** Nothing of health is pushed by itself; it is looked at when something else was. */
const LEAST_MS = 10_000;

function Report({ health }: { health: SystemHealth }) {
  return (
    <>
      {health.trouble && <Problem text={`What you see is held up: ${health.trouble}. The views go on by themselves once the cause is mended; see the log of the program.`} />}
      <p className="healthline" role="status">
        <strong>{healthLine(health.parts, Math.max(0, ...health.lag.map((lag) => lag.behind)), health.parked.length)}</strong>
      </p>
      {partGroups(health.parts).map(({ title, parts }) => (
        <section key={title} className="panel" aria-labelledby={`parts-${title}`}>
          <h2 id={`parts-${title}`}>{title}</h2>
          <PartList parts={parts} />
          {title === "What leaves the house" && <Undelivered />}
        </section>
      ))}
      <section className="panel" aria-labelledby="lag">
        <h2 id="lag">Views behind the log</h2>
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">Partition</th>
              <th scope="col">Taken in up to</th>
              <th scope="col">On the log</th>
              <th scope="col">Behind</th>
            </tr>
          </thead>
          <tbody>
            {health.lag.map((lag) => (
              <tr key={lag.partition} className={lag.behind > 1_000 ? "bad" : ""}>
                <th scope="row">
                  {lag.partition}
                  {partitionHint(lag.partition) && <span className="feature"> {partitionHint(lag.partition)}</span>}
                </th>
                <td data-label="Taken in up to">{lag.next}</td>
                <td data-label="On the log">{lag.head}</td>
                <td data-label="Behind">{lag.behind === 0 ? "nothing" : plural(lag.behind, "record")}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="position">
          Position <code>{health.position}</code>
        </p>
      </section>
      <Parked health={health} />
    </>
  );
}

function Undelivered() {
  const count = useLetters().data?.deadLetters.length ?? 0;
  if (count === 0) return null;
  return (
    <p className="warn">
      {plural(count, "message")} not delivered. <a href={href.outbox}>Decide in the outbox</a>
    </p>
  );
}

function Parked({ health }: { health: SystemHealth }) {
  return (
    <section className="panel" aria-labelledby="parked">
      <h2 id="parked">Set aside</h2>
      {health.parked.length === 0 && health.unknownFacts === 0 && <p>Nothing: every fact is understood and shown.</p>}
      {health.unknownFacts > 0 && (
        <p className="warn">
          {plural(health.unknownFacts, "fact")} of a newer program: kept on the log, not shown. Update this program to see them.
        </p>
      )}
      {health.parked.length > 0 && (
        <ul className="parts">
          {health.parked.map((parked) => (
            <li key={`${parked.partition}/${parked.stream}`} className="bad">
              <strong>{parked.stream}</strong>
              <span className="word">stopped at {parked.partition}:{parked.seq}</span>
              <span className="detail">
                {parked.reason}; {plural(parked.skipped, "later fact")} not shown. Rebuild the view once the cause is mended.
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
