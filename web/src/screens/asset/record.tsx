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
            <dt>{lastName(health.closedCases)}</dt>
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

/** Readings can say of a case that is still open that it got quieter: that is no ending. */
function lastName(closed: number): string {
  return closed === 0 ? "the open case so far" : "the last outcome";
}
