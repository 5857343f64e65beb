// Past cases that looked like this one, what was done about them, and whether it helped.
import type { Case } from "../../api/fragments.ts";
import type { SimilarCase, SimilarCases } from "../../api/insight.ts";
import { day, duration, percent } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { causeOf, doneText, endText, isUnlikely, nothingText, restsOn, splitByLikeness } from "../../logic/similar.ts";
import { humanise, plural } from "../../logic/words.ts";

interface Props {
  known: Pick<Case, "status" | "openedAt">;
  /** Null until it was compared. */
  similar: SimilarCases | null;
}

export function SeenBefore({ known, similar }: Props) {
  const nothing = similar && nothingText(similar, known.status === "OPEN");
  return (
    <section className="panel seen" aria-labelledby="seen">
      <h2 id="seen">Seen before</h2>
      {similar === null && (
        <p className="by" role="status">
          Comparing with past cases…
        </p>
      )}
      {nothing && <p>{nothing}</p>}
      {similar && <Cases similar={similar} openedAt={known.openedAt} />}
    </section>
  );
}

function Cases({ similar, openedAt }: { similar: SimilarCases; openedAt: string }) {
  if (similar.cases.length === 0) return null;
  const { alike, hardly } = splitByLikeness(similar.cases);
  const list = (cases: readonly SimilarCase[]) => (
    <ol>
      {cases.map((one) => (
        <Past key={one.case.id} one={one} openedAt={openedAt} />
      ))}
    </ol>
  );
  return (
    <>
      {alike.length > 0 && list(alike)}
      {hardly.length > 0 && (
        <details>
          <summary>{plural(hardly.length, "case")} hardly alike</summary>
          {list(hardly)}
        </details>
      )}
      <p className="by">{restsOn(similar)}</p>
    </>
  );
}

function Past({ one: { case: past, similarity, likelyTheSame }, openedAt }: { one: SimilarCase; openedAt: string }) {
  const machine = [past.asset ? humanise(past.asset.class) : null, past.asset?.vendor].filter(Boolean).join(" · ");
  return (
    <li className={isUnlikely({ likelyTheSame }) ? "unlikely" : ""}>
      <p className="likely">
        <strong>{percent(likelyTheSame)}</strong> the same fault
        <span className="feature">likeness {similarity.toFixed(2)}</span>
      </p>
      <div>
        <p>
          <strong>{causeOf(past)}</strong> on <a href={href.case(past.id)}>{past.asset?.name ?? past.assetId}</a>
          {machine && <span className="feature"> {machine}</span>}
          <time className="when" dateTime={past.openedAt} title={`Plant time: ${past.openedAt}`}>
            {" "}
            {day(past.openedAt)}, {duration(Date.parse(openedAt) - Date.parse(past.openedAt))} before
          </time>
        </p>
        <p>
          Done: {doneText(past.actions)}. <strong className="end">{endText(past)}.</strong>
        </p>
        {past.outcome?.note && <blockquote>{past.outcome.note}</blockquote>}
      </div>
    </li>
  );
}
