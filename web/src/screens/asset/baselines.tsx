// What was learned as normal of each signal, and beyond which values the machine should not go on.
import type { AssetDetail, LearnedSignal } from "../../api/asset.ts";
import { exact, figure } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { signalName, unitSymbol } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";

export function Baselines({ asset }: { asset: AssetDetail }) {
  return (
    // On a phone it would stand in the way of what is asked for more often.
    <details className="panel baselines" open={matchMedia("(min-width: 980px)").matches}>
      <summary>
        <h2>What is normal</h2>
      </summary>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Signal</th>
            <th scope="col">Mean ± σ</th>
            <th scope="col">95 % and 99 % below</th>
            <th scope="col">Trips</th>
            <th scope="col">Learned</th>
          </tr>
        </thead>
        <tbody>
          {asset.signals.map((signal) => (
            <Row key={signal.id} asset={asset} signal={signal} />
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Row({ asset, signal }: { asset: AssetDetail; signal: LearnedSignal }) {
  const { learned, trip } = signal;
  const unit = unitSymbol(signal.unit);
  const trips = [trip?.low != null && `below ${exact(trip.low)}`, trip?.high != null && `above ${exact(trip.high)}`].filter(Boolean).join(", ");
  return (
    <tr>
      <th scope="row">
        <a href={href.signal(asset.site, signal.id)}>{signalName(signal, asset.signals)}</a>
      </th>
      <td data-label="Mean ± σ">{learned ? `${figure(learned.mean)} ± ${figure(learned.std)} ${unit}` : "not learned yet"}</td>
      <td data-label="95 %, 99 % below">{learned ? `${figure(learned.p95)}, ${figure(learned.p99)} ${unit}` : "—"}</td>
      <td data-label="Trips">{trips === "" ? "not described" : `${trips} ${unit}`}</td>
      <td data-label="Learned">
        {learned ? (
          <>
            <When at={learned.learnedTo} title={`Version ${learned.version}, from ${learned.count} values since ${learned.learnedFrom}`} />
          </>
        ) : (
          "—"
        )}
      </td>
    </tr>
  );
}
