// Who holds what: the calls under way, each with what it is about and all that it counts in. In the past, who held what then.
import { useMemo } from "react";
import type { Budget } from "../../api/house.ts";
import { useMoment } from "../../live/moment.ts";
import { useLapse } from "../../live/plant.tsx";
import { count } from "../../logic/budgets.ts";
import { clockTime } from "../../logic/format.ts";
import { aboutOf, type Holding, holdingsOf, laneText } from "../../logic/holdings.ts";
import { href } from "../../logic/route.ts";
import { crewName, plural } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";

export function Holdings({ budgets }: { budgets: readonly Budget[] }) {
  const past = useMoment();
  const holdings = useMemo(() => holdingsOf(budgets), [budgets]);
  const clock = useLapse() === null ? "" : " real time";
  const title = past === null ? "Who holds what" : `Who held what at ${clockTime(past)}${clock}`;
  return (
    <section className="panel holdings" aria-labelledby="holdings">
      <h2 id="holdings">
        {title} {holdings.length > 0 && <span className="count">{plural(holdings.length, "call")}</span>}
      </h2>
      {holdings.length === 0 ? (
        <p className="by">Nobody: no call {past === null ? "is" : "was"} under way.</p>
      ) : (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">Agent</th>
              <th scope="col">Tokens</th>
              <th scope="col">About</th>
              <th scope="col">Call</th>
              <th scope="col">Since</th>
              <th scope="col">At most until</th>
              <th scope="col">Counts in</th>
            </tr>
          </thead>
          <tbody>
            {holdings.map((holding) => (
              <Row key={holding.key} holding={holding} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ holding }: { holding: Holding }) {
  const lane = laneText(holding.lane);
  return (
    <tr>
      <th scope="row">{crewName(holding.agent)}</th>
      <td data-label="Tokens">{count(holding.tokens)}</td>
      <td data-label="About">
        <span>
          <About about={holding.about} />
          {lane !== null && <span className="feature"> {lane}</span>}
        </span>
      </td>
      <td data-label="Call">{holding.dispatched ? "has left" : "about to leave"}</td>
      <td data-label="Since">
        <When at={holding.since} title="Real time" />
      </td>
      <td data-label="At most until">
        <When at={holding.until} title="Real time" />
      </td>
      <td data-label="Counts in">
        {holding.site ?? "all sites"}: {holding.scopes.join(", ")}
      </td>
    </tr>
  );
}

function About({ about }: { about: string | null }) {
  const what = aboutOf(about);
  if (what?.kind === "case") return <a href={href.case(what.id)}>a case</a>;
  return what === null ? "—" : <a href={href.task(what.id)}>a task</a>;
}
