// The curve as figures, for whoever cannot see it or wants to copy it; of many points evenly spread ones.
import { clockTime, figure } from "../../logic/format.ts";
import type { Row } from "./signal-plot.tsx";

const MOST = 120;

export function PointTable({ rows, unit, name }: { rows: readonly Row[]; unit: string; name: string }) {
  const step = Math.max(1, Math.ceil(rows.length / MOST));
  const shown = rows.filter((_, place) => place % step === 0 || place === rows.length - 1);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Table of the curve">
      <table className="figures">
        <caption className="by">
          {name} in {unit === "" ? "its own measure" : unit}
          {step > 1 && `, each ${step}th of ${rows.length} points`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Plant time</th>
            <th scope="col">Value</th>
            <th scope="col">Lowest</th>
            <th scope="col">Highest</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row.at}>
              <th scope="row">{clockTime(row.at)}</th>
              <td className="num">{figure(row.value)}</td>
              <td className="num">{figure(row.min)}</td>
              <td className="num">{figure(row.max)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
