// What speaks for it, as figures that can be checked against the curves.
import type { Evidence, Signal } from "../../api/fragments.ts";
import { figure } from "../../logic/format.ts";
import { departureOf, distinct } from "../../logic/evidence.ts";
import { signalLabel, unitOf } from "../../logic/signals.ts";

interface Props {
  evidence: readonly Evidence[];
  signals: readonly Signal[];
  title?: string;
}

export function EvidenceTable({ evidence, signals, title = "Evidence" }: Props) {
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      {evidence.length === 0 ? <p>No figures were given with the latest alert; the timeline says more.</p> : <EvidenceRows evidence={evidence} signals={signals} />}
    </section>
  );
}

/** The same in a few words, where the figures stand elsewhere on the screen. */
export function EvidenceList({ evidence, signals }: { evidence: readonly Evidence[]; signals: readonly Signal[] }) {
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

export function EvidenceRows({ evidence, signals }: { evidence: readonly Evidence[]; signals: readonly Signal[] }) {
  return (
    <table className="figures">
      <thead>
        <tr>
          <th scope="col">Signal</th>
          <th scope="col">Departs by</th>
          <th scope="col">Now</th>
          <th scope="col">Expected</th>
        </tr>
      </thead>
      <tbody>
        {distinct(evidence).map(({ key, item }) => (
          <tr key={key}>
            <th scope="row">
              {signalLabel(item.signal, item.kind, signals)}
              <span className="feature">{departureOf(item).feature}</span>
            </th>
            <td className="num">{departureOf(item).size}</td>
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
