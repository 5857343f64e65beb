// What the crew found: the report, whom it is without, and each agent's part; while they look, who is awaited and until when.
import type { Investigation, Part } from "../../api/fragments.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { countdown } from "../../logic/countdown.ts";
import { byWhat, cited, missingOf, partText, progressText } from "../../logic/investigation.ts";
import { firstLine } from "../../logic/report.ts";
import { crewName, plural } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";
import { Written } from "../../parts/written.tsx";

interface Props {
  investigation: Investigation;
  /** Where the case knows more than the report did. */
  outdated: string | null;
}

export function Findings({ investigation, outdated }: Props) {
  const { report, parts } = investigation;
  return (
    <section className="panel findings" aria-labelledby="findings">
      <h2 id="findings">What the crew found</h2>
      {report !== null && outdated !== null && <p className="warn">{outdated}</p>}
      {report === null ? <UnderWay investigation={investigation} /> : <Report investigation={investigation} report={report} />}
      <ul className="crewparts" aria-label="What each of the crew says">
        {parts.map((part) => (
          <One key={part.agent} part={part} />
        ))}
      </ul>
    </section>
  );
}

function UnderWay({ investigation }: { investigation: Investigation }) {
  useNow();
  const left = countdown(investigation.dueAt, serverNow(), investigation.openedAt);
  return (
    <div className="underway">
      <p role="status">{progressText(investigation)}</p>
      <p className={left.over ? "left urgent" : "left"}>
        <span className="label">{left.over ? "The report was due" : "The report is due in"}</span>
        {left.over ? <When at={investigation.dueAt} title="Real time" /> : <span role="timer">{left.text}</span>}
      </p>
      <div className="bar" aria-hidden="true">
        <i style={{ inlineSize: `${left.share * 100}%` }} />
      </div>
    </div>
  );
}

function Report({ investigation, report }: { investigation: Investigation; report: NonNullable<Investigation["report"]> }) {
  const missing = missingOf(investigation);
  const places = cited(investigation);
  return (
    <>
      <Written text={report.text} names={investigation.parts.map((part) => crewName(part.agent))} />
      {missing.length > 0 && (
        <ul className="missing" aria-label="Whom the report is without">
          {missing.map(({ agent, name, why }) => (
            <li key={agent}>
              <strong>Without {name}:</strong> {why}
            </li>
          ))}
        </ul>
      )}
      <p className="by">
        Written by {crewName(report.by)}, {byWhat(report.model)}, <When at={report.at} title="Real time" named />
        {places > 0 && <>; rests on {plural(places, "cited place")} below</>}. Advice: it decides nothing.
      </p>
    </>
  );
}

function One({ part }: { part: Part }) {
  const line = (
    <>
      <strong>{crewName(part.agent)}</strong> <span className="feature">{partText(part)}</span>
    </>
  );
  if (part.state !== "DELIVERED" || part.text === null) {
    return (
      <li data-state={part.state}>
        <p>{line}</p>
        {part.why !== null && <p className="by">{part.why}</p>}
      </li>
    );
  }
  return (
    <li data-state={part.state}>
      <details>
        <summary>
          {line}
          <span className="gist">{firstLine(part.text)}</span>
        </summary>
        <Written text={part.text} />
        <Citations part={part} />
      </details>
    </li>
  );
}

function Citations({ part }: { part: Part }) {
  if (part.citations.length === 0) return null;
  return (
    <ul className="citations" aria-label={`Places that ${crewName(part.agent)} cites`}>
      {part.citations.map((place) => (
        <li key={`${place.document} ${place.page} ${place.quote}`}>
          <p>
            <cite>{place.document}</cite>, page {place.page}{" "}
            <span className="feature" title={`The text as it was imported: ${place.revision}`}>
              as imported, {place.revision.slice(0, 8)}
            </span>
          </p>
          <blockquote>{place.quote}</blockquote>
        </li>
      ))}
    </ul>
  );
}
