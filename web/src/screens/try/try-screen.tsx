// Other rules or another policy, tried on what was recorded before anybody relies on them. Nothing is decided by it.
import { type ChangeEvent, type FormEvent, useState } from "react";
import { usePlant } from "../../live/plant.tsx";
import { duration } from "../../logic/format.ts";
import { ofField } from "../../logic/moments.ts";
import { Problem } from "../../parts/notice.tsx";
import { SystemTabs } from "../system/system-tabs.tsx";
import { TrialReportView } from "./trial-report.tsx";
import { useTrial } from "./use-trial.ts";

export function TryScreen() {
  const { plants } = usePlant();
  const trial = useTrial();
  const [site, setSite] = useState("");
  const [rules, setRules] = useState("");
  const [policy, setPolicy] = useState("");
  const [from, setFrom] = useState("");
  const chosen = site || (plants?.[0]?.site ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const begins = ofField(from);
    trial.start({ site: chosen, rules: rules.trim() === "" ? null : rules, policy: policy.trim() === "" ? null : policy, from: begins === null ? null : new Date(begins).toISOString() });
  };
  return (
    <>
      <header className="pagehead">
        <h1>Try other rules</h1>
      </header>
      <SystemTabs here="try" />
      <form className="panel trial" onSubmit={submit}>
        <p>What other rules, or another policy, would have said to what was recorded. Nothing is decided by it, and nobody is told.</p>
        <Text name="Rules (YAML); empty: those in force" value={rules} set={setRules} />
        <Text name="Policy (YAML); empty: the one in force" value={policy} set={setPolicy} />
        <div className="give">
          {(plants?.length ?? 0) > 1 && (
            <label>
              <span className="label">Site</span>
              <select value={chosen} onChange={(event) => setSite(event.target.value)}>
                {plants?.map((plant) => (
                  <option key={plant.site} value={plant.site}>
                    {plant.name}
                  </option>
                ))}
              </select>
            </label>
          )}
          <label>
            <span className="label">What was said from (empty: as far back as readings reach)</span>
            <input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
          </label>
          {trial.running ? (
            <button type="button" onClick={trial.stop}>
              Stop
            </button>
          ) : (
            <button type="submit" disabled={chosen === "" || (rules.trim() === "" && policy.trim() === "")}>
              Try them
            </button>
          )}
        </div>
        {trial.running && <Progress step={trial.step} />}
        {trial.problem && <Problem text={trial.problem} />}
      </form>
      {trial.step?.report && <TrialReportView report={trial.step.report} site={chosen} />}
    </>
  );
}

function Progress({ step }: { step: ReturnType<typeof useTrial>["step"] }) {
  return (
    <p role="status">
      <progress max={Math.max(1, step?.of ?? 1)} value={step?.done ?? 0} aria-label="Records looked at" />{" "}
      {step === null ? "Beginning…" : `${step.done.toLocaleString("en")} of ${step.of.toLocaleString("en")} records${step.etaS === null ? "" : `, about ${duration(step.etaS * 1_000)} left`}`}
    </p>
  );
}

/** Typed, pasted, or a file. */
function Text({ name, value, set }: { name: string; value: string; set: (text: string) => void }) {
  const read = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    if (file) void file.text().then(set);
  };
  return (
    <div className="text">
      <label>
        <span className="label">{name}</span>
        <textarea rows={6} value={value} spellCheck={false} onChange={(event) => set(event.target.value)} />
      </label>
      <label className="file">
        <span className="unseen">A file: {name}</span>
        <input type="file" accept=".yaml,.yml,text/yaml" onChange={read} />
      </label>
    </div>
  );
}
