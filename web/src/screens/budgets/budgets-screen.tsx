// What calls to models may cost and have cost, for all, a site, each agent, task and provider; and who holds what of it.
import { useMemo, useState } from "react";
import { type Budget, BudgetsQuery } from "../../api/house.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { useDue } from "../../live/due.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { grouped, type Kind } from "../../logic/budgets.ts";
import { AsOf } from "../../parts/as-of.tsx";
import { Deeds } from "../../parts/deeds.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { SystemTabs } from "../system/system-tabs.tsx";
import { BudgetPanel } from "./budget-panel.tsx";
import { Holdings } from "./holdings.tsx";
import { type Follow, LimitForm } from "./limit-form.tsx";

const LEAST_MS = 5_000;
/** Tasks come and go by the hundred. */
const MOST_SHOWN = 6;

const TITLES: Record<Kind, string> = { platform: "All sites together", site: "Each site", agents: "Agents", tasks: "Tasks", providers: "Providers", others: "Others" };

export function BudgetsScreen() {
  const { plantChanges, past } = usePlant();
  const asked = useFollowed(BudgetsQuery, {});
  const { data, refresh } = asked;
  usePaced(plantChanges.any, refresh, LEAST_MS);
  useRefreshOnReturn(refresh);
  const budgets = data?.budgets ?? null;
  const ends = useMemo(() => (budgets ?? []).flatMap((budget) => budget.held.map((held) => held.until)), [budgets]);
  useDue(ends, refresh);
  return (
    <>
      <header className="pagehead">
        <h1>Budgets</h1>
        {past === null && <AsOf read={budgets} loading={asked.loading} refresh={refresh} />}
      </header>
      <SystemTabs here="budgets" />
      {asked.problem && <Problem text={asked.problem} retry={refresh} />}
      {budgets === null && !asked.problem && <Loading what="the budgets" />}
      {budgets?.length === 0 && <Empty title="No budget is set">Before a call to a model, its tokens are held against a budget; without one, nothing is called that costs. Set the first below.</Empty>}
      {budgets !== null && budgets.length > 0 && <Holdings budgets={budgets} />}
      {budgets !== null && grouped(budgets).map(({ kind, budgets: of }) => <Group key={kind} kind={kind} budgets={of} follow={asked.follow} />)}
      {budgets !== null && (
        <section className="panel" aria-labelledby="new-budget">
          <h2 id="new-budget">Another budget</h2>
          <Deeds>
            <LimitForm follow={asked.follow} />
          </Deeds>
        </section>
      )}
    </>
  );
}

function Group({ kind, budgets, follow }: { kind: Kind; budgets: readonly Budget[]; follow: Follow }) {
  const [all, setAll] = useState(false);
  const shown = all ? budgets : budgets.slice(0, MOST_SHOWN);
  return (
    <section className="budgets" aria-labelledby={`budgets-${kind}`}>
      <h2 id={`budgets-${kind}`}>{TITLES[kind]}</h2>
      {shown.map((budget) => (
        <BudgetPanel key={`${budget.partition}/${budget.scope}`} budget={budget} follow={follow} />
      ))}
      {shown.length < budgets.length && (
        <button type="button" className="quiet" onClick={() => setAll(true)}>
          Show {budgets.length - shown.length} more
        </button>
      )}
    </section>
  );
}
