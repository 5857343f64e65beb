// What calls to models may cost and have cost: a bar for each window, and the limits to set.
import { type FormEvent, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import type { Answered } from "../../api/fragments.ts";
import { type Budget, type BudgetWindow, BudgetsQuery, SetBudget } from "../../api/house.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { barOf, siteOf, windowText } from "../../logic/budgets.ts";
import { humanise } from "../../logic/words.ts";
import { AsOf } from "../../parts/as-of.tsx";
import { Deeds } from "../../parts/deeds.tsx";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";
import { SystemTabs } from "../system/system-tabs.tsx";

const LEAST_MS = 5_000;
type Follow = (answered: Answered | null) => void;

export function BudgetsScreen() {
  const { plantChanges, past } = usePlant();
  const asked = useFollowed(BudgetsQuery, {});
  usePaced(plantChanges.any, asked.refresh, LEAST_MS);
  useRefreshOnReturn(asked.refresh);
  const budgets = asked.data?.budgets ?? null;
  return (
    <>
      <header className="pagehead">
        <h1>Budgets</h1>
        {past === null && <AsOf read={budgets} loading={asked.loading} refresh={asked.refresh} />}
      </header>
      <SystemTabs here="budgets" />
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {budgets === null && !asked.problem && <Loading what="the budgets" />}
      {budgets?.length === 0 && <Empty title="No budget is set">Before a call to a model, its tokens are held against a budget; without one, nothing is called that costs. Set the first below.</Empty>}
      {budgets?.map((budget) => <One key={`${budget.partition}/${budget.scope}`} budget={budget} follow={asked.follow} />)}
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

function One({ budget, follow }: { budget: Budget; follow: Follow }) {
  const site = siteOf(budget);
  const id = `budget-${site ?? "platform"}-${budget.scope}`;
  return (
    <section className="panel budget" aria-labelledby={id}>
      <h2 id={id}>
        {humanise(budget.scope)} <span className="count">{site === null ? "for all sites" : `of ${site}`}</span>
      </h2>
      <ul>
        {budget.windows.map((window) => (
          <Window key={window.window} window={window} />
        ))}
      </ul>
      <details>
        <summary>Change the limits</summary>
        <Deeds>
          <LimitForm budget={budget} follow={follow} />
        </Deeds>
      </details>
    </section>
  );
}

const WINDOWS = { HOUR: "This hour", DAY: "This day" } as const;
const STATES = { free: null, near: "Near the limit", over: "Used up: calls wait" } as const;

function Window({ window }: { window: BudgetWindow }) {
  const bar = barOf(window);
  return (
    <li data-state={bar.state}>
      <p>
        <strong>{WINDOWS[window.window]}</strong> {windowText(window)}
        {STATES[bar.state] !== null && <span className="word"> {STATES[bar.state]}</span>}
      </p>
      <div className="tokens" aria-hidden="true">
        <i className="used" style={{ inlineSize: `${bar.used * 100}%` }} />
        <i className="held" style={{ inlineSize: `${bar.held * 100}%` }} />
      </div>
      <p className="feature">
        begins anew <When at={window.resetsAt} title="Real time" />
      </p>
    </li>
  );
}

function LimitForm({ budget, follow }: { budget?: Budget; follow: Follow }) {
  const { plants } = usePlant();
  const set = useAsk(SetBudget);
  const [site, setSite] = useState(budget ? (siteOf(budget) ?? "") : "");
  const [scope, setScope] = useState(budget?.scope ?? "");
  const [hour, setHour] = useState(String(budget?.tokensPerHour ?? ""));
  const [day, setDay] = useState(String(budget?.tokensPerDay ?? ""));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void set.ask({ site: site || null, scope: scope.trim(), tokensPerHour: Number(hour), tokensPerDay: Number(day) }).then(follow);
  };
  return (
    <form className="give" onSubmit={submit}>
      {!budget && (
        <>
          <label>
            <span className="label">Of</span>
            <select value={site} onChange={(event) => setSite(event.target.value)}>
              <option value="">all sites</option>
              {plants?.map((plant) => (
                <option key={plant.site} value={plant.site}>
                  {plant.name}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="label">For what</span>
            <input value={scope} required maxLength={60} placeholder="agents" autoCapitalize="off" onChange={(event) => setScope(event.target.value)} />
          </label>
        </>
      )}
      <label>
        <span className="label">Tokens an hour</span>
        <input type="number" min={0} step={1} required value={hour} onChange={(event) => setHour(event.target.value)} />
      </label>
      <label>
        <span className="label">Tokens a day</span>
        <input type="number" min={0} step={1} required value={day} onChange={(event) => setDay(event.target.value)} />
      </label>
      <button type="submit" disabled={set.busy}>
        {budget ? "Set the limits" : "Set the budget"}
      </button>
      {set.problem && <Problem text={set.problem} />}
    </form>
  );
}
