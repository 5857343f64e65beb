// One budget: a bar for each window with the shares that are told, what is kept at its end, and the limits to set.
import type { Budget, BudgetWindow } from "../../api/house.ts";
import { barOf, count, keptText, MARKS, scopeName, siteOf, stateText, unlimitedText, windowText } from "../../logic/budgets.ts";
import { plural } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { When } from "../../parts/when.tsx";
import { type Follow, LimitForm } from "./limit-form.tsx";

export function BudgetPanel({ budget, follow }: { budget: Budget; follow: Follow }) {
  const site = siteOf(budget);
  const id = `budget-${site ?? "platform"}-${budget.scope.replace(/[^\w-]/g, "-")}`;
  const kept = keptText(budget);
  return (
    <section className="panel budget" aria-labelledby={id}>
      <h3 id={id}>
        {scopeName(budget.scope)} <span className="count">{site === null ? "for all sites" : `of ${site}`}</span>
      </h3>
      <ul>
        {budget.windows.map((window) => (
          <Window key={window.window} budget={budget} window={window} />
        ))}
      </ul>
      <p className="by">
        {plural(budget.calls, "call")} so far. {kept}
      </p>
      {budget.tokensInAll !== null ? (
        <p className="by">It is given with its task and ends with it.</p>
      ) : (
        <details>
          <summary>{budget.isUnlimited ? "Set limits" : "Change the limits"}</summary>
          <Deeds>
            <LimitForm budget={budget} follow={follow} />
          </Deeds>
        </details>
      )}
    </section>
  );
}

const WINDOWS = { HOUR: "This hour", DAY: "This day", MONTH: "This month", WHOLE: "In all" } as const;

function Window({ budget, window }: { budget: Budget; window: BudgetWindow }) {
  const said = budget.isUnlimited ? null : stateText(budget, window);
  return (
    <li data-state={budget.isUnlimited ? "free" : barOf(window, budget.keptPercent).state}>
      <p>
        <strong>{WINDOWS[window.window]}</strong> {budget.isUnlimited ? unlimitedText(window) : windowText(window)}
        {said !== null && <span className="word"> {said}</span>}
      </p>
      {!budget.isUnlimited && <Bar window={window} keptPercent={budget.keptPercent} />}
      <p className="feature">
        {window.toldPercent > 0 && !budget.isUnlimited && <>{window.toldPercent} % was told{window.resetsAt !== null && "; "}</>}
        {window.resetsAt !== null && (
          <>
            begins anew <When at={window.resetsAt} title="Real time" />
          </>
        )}
      </p>
    </li>
  );
}

/** The sentence above it says the same. */
function Bar({ window, keptPercent }: { window: BudgetWindow; keptPercent: number }) {
  const bar = barOf(window, keptPercent);
  return (
    <div className="gauge" aria-hidden="true">
      <div className="tokens">
        <i className="used" style={{ inlineSize: `${bar.used * 100}%` }} />
        <i className="held" style={{ inlineSize: `${bar.held * 100}%` }} />
        {bar.kept > 0 && <i className="kept" style={{ inlineSize: `${bar.kept * 100}%` }} title={`${count(Math.floor(window.limit * bar.kept))} kept`} />}
      </div>
      <div className="marks">
        {MARKS.map((mark) => (
          <i key={mark} data-told={window.toldPercent >= mark} style={{ insetInlineStart: `${mark}%` }}>
            {mark === 100 ? "" : mark}
          </i>
        ))}
      </div>
    </div>
  );
}
