// Every fact of the case in order: who, when, what, and the fact that led to it.
import { Fragment, useMemo } from "react";
import type { Case, Fact, Signal } from "../../api/fragments.ts";
import { causesOf, effectsOf, factKey } from "../../logic/causes.ts";
import { clockTime } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { actorName, factName } from "../../logic/words.ts";
import { When } from "../../parts/when.tsx";
import { EvidenceRows } from "./evidence-table.tsx";

export function Timeline({ known, signals }: { known: Case; signals: readonly Signal[] }) {
  const causes = useMemo(() => causesOf(known.timeline), [known.timeline]);
  const effects = useMemo(() => effectsOf(known.timeline, causes), [known.timeline, causes]);
  return (
    <section className="panel" aria-labelledby="timeline">
      <h2 id="timeline">
        Timeline <a href={href.auditOf(`case/${known.id}`)}>as stored</a>
      </h2>
      <ol className="timeline">
        {known.timeline.map((fact) => (
          <Entry key={factKey(fact)} fact={fact} because={causes.get(factKey(fact))} led={effects.get(factKey(fact)) ?? []} signals={signals} />
        ))}
      </ol>
    </section>
  );
}

function Entry({ fact, because, led, signals }: { fact: Fact; because: Fact | undefined; led: readonly Fact[]; signals: readonly Signal[] }) {
  return (
    <li id={`fact-${fact.seq}`} tabIndex={-1} data-kind={fact.kind}>
      <p className="head">
        <When at={fact.occurredAt} title={`Recorded ${fact.recordedAt}, plant time`} />
        <strong>{factName(fact.kind)}</strong>
      </p>
      <p>{fact.summary}</p>
      {fact.note && <blockquote>{fact.note}</blockquote>}
      <p className="by">
        {actorName(fact.actor)}
        {because && (
          <>
            {" "}
            · because of{" "}
            <button type="button" className="link" onClick={() => leadTo(because)}>
              {factName(because.kind)}, {clockTime(because.occurredAt)}
            </button>
          </>
        )}
        {led.length > 0 && (
          <>
            {" "}
            · led to{" "}
            {led.map((fact, place) => (
              <Fragment key={factKey(fact)}>
                {place > 0 && ", "}
                <button type="button" className="link" onClick={() => leadTo(fact)}>
                  {factName(fact.kind)}
                </button>
              </Fragment>
            ))}
          </>
        )}
      </p>
      {fact.evidence.length > 0 && (
        <details>
          <summary>Its figures</summary>
          <EvidenceRows evidence={fact.evidence} signals={signals} />
        </details>
      )}
    </li>
  );
}

/** To the fact itself, for the eye and for the keyboard alike. */
function leadTo(fact: Fact): void {
  const place = document.getElementById(`fact-${fact.seq}`);
  place?.scrollIntoView({ block: "center" });
  place?.focus({ preventScroll: true });
}
