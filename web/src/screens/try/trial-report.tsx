// What differs: alerts and diagnoses that only one side says, how both fare against what people found, and proposals ruled otherwise.
import type { TrialReport, TrialVerdict } from "../../api/trial.ts";
import { detectorText } from "../../logic/alarms.ts";
import { percent } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { humanise, plural } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";

const MOST = 50;

export function TrialReportView({ report, site }: { report: TrialReport; site: string }) {
  return (
    <div role="status">
      <section className="panel" aria-labelledby="trial-fit">
        <h2 id="trial-fit">Against what people found</h2>
        <p>
          {plural(report.knownEnds, "case")} that people have judged.
          {report.reachesBackTo !== null && (
            <>
              {" "}
              Readings reach back to <When at={report.reachesBackTo} title="Plant time" />: of what was before, nothing can be said.
            </>
          )}
        </p>
        <table className="figures">
          <thead>
            <tr>
              <th scope="col">Rules</th>
              <th scope="col">Right cause</th>
              <th scope="col">Missed</th>
              <th scope="col">Another cause</th>
              <th scope="col">False alarms again</th>
            </tr>
          </thead>
          <tbody>
            <Fit name="in force" fit={report.before} />
            <Fit name="tried" fit={report.after} />
          </tbody>
        </table>
      </section>
      <section className="panel" aria-labelledby="trial-says">
        <h2 id="trial-says">Alerts and diagnoses</h2>
        <p>
          {report.same} the same, {report.new} only by the tried ones, {report.gone} only by those in force.
        </p>
        <Verdicts title="Only by the tried ones" verdicts={report.onlyAfter} site={site} />
        <Verdicts title="Only by those in force" verdicts={report.onlyBefore} site={site} />
      </section>
      <section className="panel" aria-labelledby="trial-rulings">
        <h2 id="trial-rulings">Proposals</h2>
        <p>
          {report.sameRulings} treated the same, {report.rulings.length} otherwise.
        </p>
        <ul className="differences">
          {report.rulings.slice(0, MOST).map((one) => (
            <li key={one.action}>
              <span>
                <a href={href.case(one.case)}>{humanise(one.name)}</a> <When at={one.at} title="Real time" />
                {one.answerTooLate && <span className="warn"> the answer would have been too late</span>}
              </span>
              <span>
                {humanise(one.before)}, {humanise(one.riskBefore).toLowerCase()} risk
              </span>
              <span aria-hidden="true">→</span>
              <span>
                {humanise(one.after)}, {humanise(one.riskAfter).toLowerCase()} risk
              </span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Fit({ name, fit }: { name: string; fit: TrialReport["before"] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="num">{fit.hits}</td>
      <td className="num">{fit.misses}</td>
      <td className="num">{fit.wrong}</td>
      <td className="num">{fit.falseAlarms}</td>
    </tr>
  );
}

function Verdicts({ title, verdicts, site }: { title: string; verdicts: readonly TrialVerdict[]; site: string }) {
  if (verdicts.length === 0) return null;
  return (
    <details open={verdicts.length <= 10}>
      <summary>
        {title} ({verdicts.length})
      </summary>
      <ul className="pastcases">
        {verdicts.slice(0, MOST).map((one) => (
          <li key={`${one.at} ${one.asset} ${one.what}`}>
            <span>
              <strong>{one.diagnosis ? humanise(one.what) : detectorText(one.what).name}</strong> on <a href={href.asset(site, one.asset)}>{one.asset}</a>
              {one.confidence !== null && `, ${percent(one.confidence)} sure`}
            </span>
            <When at={one.at} title="Plant time" />
          </li>
        ))}
      </ul>
      {verdicts.length > MOST && <p className="by">Only the first {MOST}.</p>}
    </details>
  );
}
