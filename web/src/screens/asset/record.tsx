// What the machine's cases have come to so far.
import type { AssetHealth } from "../../api/fragments.ts";
import { day } from "../../logic/format.ts";
import { humanise } from "../../logic/words.ts";

export function Record({ health }: { health: AssetHealth }) {
  const figures = [
    ["Cases closed", health.closedCases],
    ["repaired", health.repaired],
    ["false alarms", health.falseAlarms],
  ] as const;
  return (
    <section className="panel" aria-labelledby="record">
      <h2 id="record">So far</h2>
      <dl className="keyfacts">
        {figures.map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{count}</dd>
          </div>
        ))}
        {health.lastOutcome !== null && (
          <div>
            <dt>the last one</dt>
            <dd>
              {humanise(health.lastOutcome)}
              {health.lastOutcomeAt !== null && `, ${day(health.lastOutcomeAt)}`}
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
