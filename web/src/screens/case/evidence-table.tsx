// What speaks for it, as bars and as figures that can be checked against the curves.
import { useRef } from "react";
import type { Evidence, Signal } from "../../api/fragments.ts";
import { type Bar, barFeature, barsOf } from "../../logic/bars.ts";
import { departureOf, distinct, steady } from "../../logic/evidence.ts";
import { figure } from "../../logic/format.ts";
import { signalLabel, unitOf } from "../../logic/signals.ts";

interface Props {
  evidence: readonly Evidence[];
  signals: readonly Signal[];
}

const SAYS = {
  CONTRIBUTION: "What each signal contributes to the machine's distance from normal: to the left it is low, to the right high.",
  DRIFT: "How far each signal stands from its own normal: to the left it is low, to the right high.",
} as const;

/** The strongest first as it is opened; from then on each stays at its place. */
export function useSteady(evidence: readonly Evidence[], most = Number.POSITIVE_INFINITY): Evidence[] {
  const shown = useRef<readonly string[]>([]);
  const { rows, names } = steady(shown.current, evidence, most);
  shown.current = names;
  return rows;
}

export function EvidenceTable({ evidence, signals }: Props) {
  const rows = useSteady(evidence);
  const drawn = barFeature(evidence);
  return (
    <section className="panel" aria-labelledby="evidence">
      <h2 id="evidence">{drawn === "CONTRIBUTION" ? "Contributions" : "Evidence"}</h2>
      {drawn !== null && <p className="by">{SAYS[drawn]}</p>}
      {evidence.length === 0 ? <p>No figures were given with the latest alert; the timeline says more.</p> : <EvidenceRows evidence={rows} signals={signals} />}
    </section>
  );
}

/** The same in a few words, where the figures stand elsewhere on the screen. */
export function EvidenceList({ evidence, signals }: Props) {
  return (
    <ul className="words">
      {distinct(evidence).map(({ key, item }) => (
        <li key={key}>
          {signalLabel(item.signal, item.kind, signals)} <strong>{departureOf(item).size}</strong> <span className="feature">{departureOf(item).feature}</span>
        </li>
      ))}
    </ul>
  );
}

/** The figures are of the moment at which they were told or judged, and not of now. */
export function EvidenceRows({ evidence, signals }: Props) {
  const rows = distinct(evidence);
  const items = rows.map(({ item }) => item);
  const bars = barsOf(items);
  return (
    <table className="figures">
      <thead>
        <tr>
          <th scope="col">Signal</th>
          <th scope="col">{items.every((item) => item.feature === "CONTRIBUTION") ? "Share" : "Departs by"}</th>
          <th scope="col">Then</th>
          <th scope="col">Expected</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, item }, place) => (
          <tr key={key}>
            <th scope="row">
              {signalLabel(item.signal, item.kind, signals)}
              <span className="feature">{departureOf(item).feature}</span>
            </th>
            <td className="num">
              {departureOf(item).size}
              <DepartureBar bar={bars[place] ?? null} />
            </td>
            <td className="num">
              {figure(item.current)} <span className="unit">{unitOf(item.signal, signals)}</span>
            </td>
            <td className="num">
              {figure(item.expected)} <span className="unit">{unitOf(item.signal, signals)}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The figure beside it says the same to those who hear the page. */
function DepartureBar({ bar }: { bar: Bar | null }) {
  if (bar === null) return null;
  return (
    <span className={`departure ${bar.side}`} aria-hidden="true">
      <i style={{ inlineSize: `${(bar.share * 50).toFixed(1)}%` }} />
    </span>
  );
}
