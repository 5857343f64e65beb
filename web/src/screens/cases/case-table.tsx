// Cases as rows; on a phone each row is a card of its own.
import type { CaseSummary } from "../../api/fragments.ts";
import { percent } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { caseStanding } from "../../logic/standing.ts";
import { humanise, plural } from "../../logic/words.ts";
import { Mark } from "../../parts/mark.tsx";
import { When } from "../../parts/when.tsx";

export function CaseTable({ rows }: { rows: readonly CaseSummary[] }) {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Asset</th>
          <th scope="col">Cause</th>
          <th scope="col">Opened</th>
          <th scope="col">Alerts</th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={row.id} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row }: { row: CaseSummary }) {
  const stood = caseStanding(row.stage);
  return (
    <tr>
      <td>
        <Mark standing={stood.standing} severity={row.status === "OPEN" ? row.severity : null} text={stood.text} />
      </td>
      <th scope="row">
        <a href={href.case(row.id)}>{row.asset?.name ?? row.assetId}</a>
      </th>
      <td data-label="Cause">{row.diagnosis ? `${humanise(row.diagnosis.cause)}, ${percent(row.diagnosis.confidence)}` : "not known yet"}</td>
      <td data-label="Opened">
        <When at={row.openedAt} title="Plant time" />
      </td>
      <td data-label="Alerts">
        {plural(row.alerts, "alert")}
        {row.onlyLate && ", late"}
      </td>
      <td data-label="Outcome">{row.outcome ? humanise(row.outcome.outcome) : "—"}</td>
    </tr>
  );
}
