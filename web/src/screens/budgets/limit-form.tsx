// The limits of a budget, to be set by a person: an hour's, a day's, perhaps a month's, and the share that is kept.
import { type FormEvent, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import type { Answered } from "../../api/fragments.ts";
import { type Budget, SetBudget } from "../../api/house.ts";
import { usePlant } from "../../live/plant.tsx";
import { siteOf } from "../../logic/budgets.ts";
import { Problem } from "../../parts/notice.tsx";

export type Follow = (answered: Answered | null) => void;

/** What is set already stands in the fields: what is left as it is stays as it is. */
function fieldsOf(budget: Budget | undefined) {
  if (!budget || budget.isUnlimited) return { hour: "", day: "", month: "", kept: String(budget?.keptPercent || "") };
  return { hour: String(budget.tokensPerHour), day: String(budget.tokensPerDay), month: String(budget.tokensPerMonth ?? ""), kept: String(budget.keptPercent || "") };
}

export function LimitForm({ budget, follow }: { budget?: Budget; follow: Follow }) {
  const set = useAsk(SetBudget);
  const [site, setSite] = useState(budget ? (siteOf(budget) ?? "") : "");
  const [scope, setScope] = useState(budget?.scope ?? "");
  const [fields, setFields] = useState(() => fieldsOf(budget));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { hour, day, month, kept } = fields;
    const limits = { tokensPerHour: Number(hour), tokensPerDay: Number(day), tokensPerMonth: month === "" ? null : Number(month), keptPercent: Number(kept) };
    void set.ask({ site: site || null, scope: scope.trim(), ...limits }).then(follow);
  };
  const change = (field: keyof typeof fields) => (value: string) => setFields((known) => ({ ...known, [field]: value }));
  return (
    <form className="give" onSubmit={submit}>
      {!budget && <Whom site={site} setSite={setSite} scope={scope} setScope={setScope} />}
      <Figure label="Tokens an hour" value={fields.hour} set={change("hour")} required />
      <Figure label="Tokens a day" value={fields.day} set={change("day")} required />
      <Figure label="Tokens a month (optional)" value={fields.month} set={change("month")} />
      <Figure label="Kept for critical cases, % (optional)" value={fields.kept} set={change("kept")} most={100} />
      <button type="submit" disabled={set.busy}>
        {budget ? "Set the limits" : "Set the budget"}
      </button>
      {set.problem && <Problem text={set.problem} />}
    </form>
  );
}

interface WhomProps {
  site: string;
  setSite: (site: string) => void;
  scope: string;
  setScope: (scope: string) => void;
}

function Whom({ site, setSite, scope, setScope }: WhomProps) {
  const { plants } = usePlant();
  return (
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
        <input value={scope} required maxLength={120} list="scopes" placeholder="agent/svc-weaver" autoCapitalize="off" onChange={(event) => setScope(event.target.value)} />
      </label>
      <datalist id="scopes">
        <option value={site === "" ? "platform" : "site"} />
        <option value="agent/" />
        <option value="provider/" />
      </datalist>
    </>
  );
}

function Figure({ label, value, set, required = false, most }: { label: string; value: string; set: (value: string) => void; required?: boolean; most?: number }) {
  return (
    <label>
      <span className="label">{label}</span>
      <input type="number" min={0} max={most} step={1} required={required} value={value} onChange={(event) => set(event.target.value)} />
    </label>
  );
}
