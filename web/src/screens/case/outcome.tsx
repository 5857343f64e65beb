// How it ended: what was recorded, or the form to record it.
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { RecordOutcome } from "../../api/changes.ts";
import type { Case, OutcomeKind } from "../../api/fragments.ts";
import { OUTCOMES, outcomeOf, WHAT_CLOSING_DOES } from "../../logic/outcome.ts";
import { actorName, humanise } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";
import { CauseField, useCause } from "./cause-field.tsx";

export function OutcomePanel({ known, refresh }: { known: Case; refresh: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // The form goes and the screen gets shorter: one is led to what was recorded, wherever that stands now.
  const recorded = () => {
    refresh();
    heading.current?.focus();
  };
  return (
    <section className="panel outcome" aria-labelledby="outcome">
      <h2 id="outcome" ref={heading} tabIndex={-1}>
        Outcome
      </h2>
      {known.outcome && <Recorded outcome={known.outcome} />}
      {known.status === "OPEN" && (
        <Deeds>
          <OutcomeForm known={known} refresh={refresh} recorded={recorded} />
        </Deeds>
      )}
    </section>
  );
}

function Recorded({ outcome }: { outcome: NonNullable<Case["outcome"]> }) {
  return (
    <>
      <p>
        <strong>{humanise(outcome.outcome)}</strong>, said by {actorName(outcome.by)}, <When at={outcome.at} title="Plant time" named />
        {!outcome.closes && ". The case stays open."}
      </p>
      {outcome.trueCause && <p>True cause: {humanise(outcome.trueCause)}</p>}
      {outcome.note && <blockquote>{outcome.note}</blockquote>}
    </>
  );
}

/** The form stands below what was done, which may be much. */
export function leadToOutcome(): void {
  const form = document.querySelector<HTMLDetailsElement>(".outcome details.record");
  form?.setAttribute("open", "");
  const summary = form?.querySelector("summary");
  summary?.focus({ preventScroll: true });
  summary?.scrollIntoView({ block: "start" });
}

interface FormProps {
  known: Case;
  refresh: () => void;
  recorded: () => void;
}

function OutcomeForm({ known, refresh, recorded }: FormProps) {
  const record = useAsk(RecordOutcome);
  const [kind, setKind] = useState<OutcomeKind | null>(null);
  const cause = useCause(known);
  const [note, setNote] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (kind === null || !cause.checked()) return;
    const trueCause = "cause" in cause.typed ? cause.typed.cause : null;
    void record.ask({ case: known.id, outcome: kind, note: note.trim() || null, trueCause }).then((answered) => (answered?.kind === "DONE" ? recorded() : refresh()));
  };
  return (
    <details className="record">
      <summary>Record an outcome</summary>
      <form onSubmit={submit}>
        <fieldset>
          <legend className="label">How did it end?</legend>
          <p className="by" id="what-closing-does">
            {WHAT_CLOSING_DOES}
          </p>
          {OUTCOMES.map((choice) => (
            <label key={choice.kind} className="choice">
              <input type="radio" name="outcome" value={choice.kind} checked={kind === choice.kind} onChange={() => setKind(choice.kind)} />
              {choice.text}
            </label>
          ))}
          <p className="by" role="status">
            {kind !== null && outcomeOf(kind)?.then}
          </p>
        </fieldset>
        <CauseField cause={cause} placeholder={humanise(known.diagnosis?.cause ?? "bearing_wear")} />
        <label>
          <span className="label">Note</span>
          <textarea rows={2} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
        </label>
        {record.problem && <Refused text={record.problem} />}
        <button type="submit" disabled={kind === null || record.busy} aria-describedby="what-closing-does">
          Record and close the case
        </button>
      </form>
    </details>
  );
}

/** Stands above the button that was pressed, and is led to: below it nobody on a phone would see it. */
function Refused({ text }: { text: string }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    element.current?.focus({ preventScroll: true });
    element.current?.scrollIntoView({ block: "center" });
  }, [text]);
  return (
    <div ref={element} tabIndex={-1}>
      <Problem text={text} />
    </div>
  );
}
