// What calls to models cost a site, day by day and by agent and model, and how that goes.
import { useState } from "react";
import { CostsQuery } from "../../api/crew.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { dollars } from "../../logic/agents.ts";
import { count } from "../../logic/budgets.ts";
import { byAgentAndModel, byDay, trendText } from "../../logic/work.ts";
import { crewName } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";

const LEAST_MS = 5_000;
const BAR = 10;
const HEIGHT = 40;

export function Costs({ site }: { site: string }) {
  const { plantChanges } = usePlant();
  const [days, setDays] = useState(14);
  const { data, problem, refresh } = useAsked(CostsQuery, { site, days });
  usePaced(plantChanges.crew, refresh, LEAST_MS);
  const costs = data?.crewCosts ?? null;
  const id = `costs-${site}`;
  if (problem) return <Problem text={problem} retry={refresh} />;
  if (costs === null || costs.days.length === 0) return null;
  const bars = byDay(costs.days, days);
  const most = Math.max(1, ...bars.map((bar) => bar.costNanoDollars));
  return (
    <section className="panel costs" aria-labelledby={id}>
      <h2 id={id}>What models cost {site}</h2>
      <p>
        {dollars(costs.costNanoDollars)} and {count(costs.tokens)} tokens in{" "}
        <select aria-label="So many days" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          <option value={7}>7 days</option>
          <option value={14}>14 days</option>
          <option value={31}>31 days</option>
        </select>
        . {trendText(costs.trendNanoDollarsADay)}
      </p>
      <figure className="hours">
        <svg viewBox={`0 0 ${bars.length * BAR} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {bars.map((bar, place) => (
            <rect key={bar.day} x={place * BAR + 1} width={BAR - 2} y={HEIGHT - Math.max(0.5, (bar.costNanoDollars / most) * HEIGHT)} height={HEIGHT} />
          ))}
        </svg>
        <figcaption className="feature">By day, UTC; today is the last.</figcaption>
      </figure>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">Model</th>
            <th scope="col">Calls</th>
            <th scope="col">Errors</th>
            <th scope="col">Tokens</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {byAgentAndModel(costs.days).map((row) => (
            <tr key={`${row.agent} ${row.model ?? ""}`}>
              <th scope="row">{crewName(row.agent)}</th>
              <td>{row.model ?? "none answered"}</td>
              <td data-label="Calls">{count(row.calls)}</td>
              <td data-label="Errors">{count(row.errors)}</td>
              <td data-label="Tokens">{count(row.tokens)}</td>
              <td data-label="Cost">{dollars(row.costNanoDollars)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
