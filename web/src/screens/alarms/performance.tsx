// How well the alarms serve the people: the figures of ISA-18.2 and EEMUA 191 over the last day of plant time.
import { useMemo } from "react";
import { type Alarm, type AlarmPerformance, AlarmPerformanceQuery } from "../../api/alarms.ts";
import type { Plant } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useLast } from "../../api/use-followed.ts";
import { plantTimeOf, usePlantTime } from "../../live/values.ts";
import { figureText, lastDay } from "../../logic/alarm-figures.ts";
import { detectorText } from "../../logic/alarms.ts";
import { plural } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";
import { SeveritySplit } from "./severity-split.tsx";

export interface Performing {
  found: AlarmPerformance | null;
  problem: string | null;
  refresh: () => void;
}

/** Asked anew with each new reading of the alarms. */
export function usePerformance(site: string, alarms: readonly Alarm[] | null): Performing {
  const known = usePlantTime(site) !== null;
  const span = useMemo(() => lastDay(plantTimeOf(site) ?? Date.now()), [site, alarms, known]);
  const asked = useAsked(AlarmPerformanceQuery, { site, ...span }, !known);
  return { found: useLast(asked.data)?.alarmPerformance ?? null, problem: asked.problem, refresh: asked.refresh };
}

/** Above the alarms, for it says how to read them. */
export function Flood({ found }: { found: AlarmPerformance | null }) {
  if (!found?.inFlood) return null;
  return (
    <p className="flood">
      <strong>Alarm flood.</strong> More than ten alarms came in ten minutes, and it has not calmed down since. Take the worst first; many may have one cause.
    </p>
  );
}

export function Performance({ plant, performing: { found, problem, refresh } }: { plant: Plant; performing: Performing }) {
  return (
    <section className="panel performance" aria-labelledby={`performance-${plant.site}`}>
      <h3 id={`performance-${plant.site}`}>How well the alarms serve</h3>
      {problem && <Problem text={problem} retry={refresh} />}
      {found ? <Found found={found} plant={plant} /> : !problem && <p className="by">Known as soon as readings say what time it is on the plant.</p>}
    </section>
  );
}

function Found({ found, plant }: { found: AlarmPerformance; plant: Plant }) {
  return (
    <>
      <p className="by">
        {plural(found.raised, "alarm")} raised in the last 24 h of plant time, up to <When at={found.to} title="Plant time" />. Targets of ISA-18.2 and EEMUA 191.
      </p>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col">Value</th>
            <th scope="col">Target</th>
            <th scope="col">Met</th>
          </tr>
        </thead>
        <tbody>
          {found.figures.map((figure) => {
            const told = figureText(figure);
            return (
              <tr key={figure.code} data-verdict={told.verdict}>
                <th scope="row">{told.name}</th>
                <td data-label="Value">{told.value}</td>
                <td data-label="Target">{told.target}</td>
                <td data-label="Met">
                  <span className="verdict">{told.said}</span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {found.raised > 0 && (
        <div className="sides">
          <Frequent found={found} plant={plant} />
          <SeveritySplit bySeverity={found.bySeverity} />
        </div>
      )}
    </>
  );
}

function Frequent({ found, plant }: { found: AlarmPerformance; plant: Plant }) {
  return (
    <div>
      <h4>Most frequent</h4>
      <ol className="frequent">
        {found.top.map(({ asset, detector, count, chatters }) => (
          <li key={`${asset}/${detector}`}>
            <span>
              {plant.assets.find((known) => known.id === asset)?.name ?? asset}: {detectorText(detector).name}
              {chatters && <strong className="chatters"> chatters</strong>}
            </span>
            <span className="num">{plural(count, "time")}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
