// Who is on the crew, and how each of them is: what it holds, when it was heard, what it costs. Renewed as it is pushed.
import { AgentsQuery } from "../../api/crew.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { dollars, inOrder, lastDay, modelsOf } from "../../logic/agents.ts";
import { count } from "../../logic/budgets.ts";
import { href } from "../../logic/route.ts";
import { plural } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { AgentCard } from "./agent-card.tsx";
import { Costs } from "./costs.tsx";
import { CrewTabs } from "./crew-tabs.tsx";

/** Many report at once, and all is to be seen within the second. */
const LEAST_MS = 500;

export function AgentsScreen() {
  const { plantChanges } = usePlant();
  const asked = useFollowed(AgentsQuery, {});
  usePaced(plantChanges.crew, asked.refresh, LEAST_MS);
  useRefreshOnReturn(asked.refresh);
  const agents = asked.data?.agents ?? null;
  const models = modelsOf(agents ?? []);
  const day = lastDay(agents ?? []);
  return (
    <>
      <header className="pagehead">
        <h1>Crew</h1>
        {agents !== null && agents.length > 0 && (
          <p className="by">
            {plural(agents.length, "agent")}; {count(day.tokens)} tokens and {dollars(day.costNanoDollars)} in the last day. <a href={href.budgets}>Budgets</a>
          </p>
        )}
      </header>
      <CrewTabs here="crew" />
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {agents === null && !asked.problem && <Loading what="the crew" />}
      {agents?.length === 0 && <Empty title="Nobody is on the crew">Parts of Millwright join when they start. A program outside joins with a token that an admin makes for it under System, Access.</Empty>}
      {agents !== null && agents.length > 0 && (
        <ul className="agents">
          {inOrder(agents).map((agent) => (
            <AgentCard key={`${agent.site}/${agent.id}`} agent={agent} models={models} follow={asked.follow} />
          ))}
        </ul>
      )}
      {[...new Set((agents ?? []).map((agent) => agent.site))].map((site) => (
        <Costs key={site} site={site} />
      ))}
    </>
  );
}
