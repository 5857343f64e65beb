// How the raised alarms are split by severity, over how they should be: in greys, for a share is nothing abnormal by itself.
import type { SeverityShare } from "../../api/alarms.ts";
import { severityShares } from "../../logic/alarm-figures.ts";

export function SeveritySplit({ bySeverity }: { bySeverity: readonly SeverityShare[] }) {
  const shares = severityShares(bySeverity);
  return (
    <div>
      <h4>By severity</h4>
      <div className="split" aria-hidden="true">
        <Row name="is" sizes={shares.map((one) => one.share)} />
        <Row name="should be" sizes={shares.map((one) => one.target)} />
      </div>
      <ul className="shares">
        {shares.map((one) => (
          <li key={one.name}>
            {one.name}: {one.text}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Row({ name, sizes }: { name: string; sizes: readonly number[] }) {
  return (
    <>
      <span className="label">{name}</span>
      <span className="stack">
        {sizes.map((size, place) => (
          <i key={place} style={{ inlineSize: `${(size * 100).toFixed(1)}%` }} />
        ))}
      </span>
    </>
  );
}
