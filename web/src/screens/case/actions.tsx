// What could be done, is being done and was done about the case; what waits for a person comes first.
import type { Action, Case, Signal } from "../../api/fragments.ts";
import type { Insight } from "../../api/insight.ts";
import { stepsOf } from "../../logic/steps.ts";
import { humanise } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { When } from "../../parts/when.tsx";
import { Decision } from "./decision.tsx";
import { trackOf } from "./insight.ts";
import { Sent } from "./sent.tsx";
import { VerifyPanel } from "./verify.tsx";
import { WhatIsWritten } from "./what-is-written.tsx";
import { WhatNext } from "./what-next.tsx";

interface Props {
  known: Case;
  signals: readonly Signal[];
  insight: Insight | null;
  refresh: () => void;
}

export function Actions({ known, signals, insight, refresh }: Props) {
  const waiting = known.actions.filter((action) => action.stage === "AWAITING_APPROVAL");
  const others = known.actions.filter((action) => action.stage !== "AWAITING_APPROVAL").toSorted((a, b) => lastMove(b).localeCompare(lastMove(a)));
  // What nobody could vouch for waits for a person, too.
  const shown = [...others.filter((action) => action.stage === "UNVERIFIED"), ...others.filter((action) => action.stage !== "UNVERIFIED")];
  return (
    <>
      <p className="unseen" role="status">
        {saidAloud(others[0], known)}
      </p>
      {waiting.map((action) => (
        <Decision key={action.id} action={action} known={known} signals={signals} track={trackOf(insight, action.id)} refresh={refresh} />
      ))}
      <WhatNext known={known} signals={signals} />
      {shown.map((action) => (
        <Answered key={action.id} action={action} known={known} signals={signals} refresh={refresh} />
      ))}
      {known.actions.length === 0 && (
        <section className="panel" aria-label="Actions">
          <h2>Actions</h2>
          <p>Nothing is proposed{known.status === "OPEN" ? " yet; a diagnosis proposes what the policy allows." : "."}</p>
        </section>
      )}
    </>
  );
}

function lastMove(action: Action): string {
  return action.endedAt ?? action.startedAt ?? action.decidedAt ?? action.proposedAt;
}

/** For those who hear the page: what came of the latest answer. */
function saidAloud(action: Action | undefined, known: Case): string {
  return action ? stepsOf(action, known).map((step) => `${step.name}: ${step.text}.`).join(" ") : "";
}

/** Allowed is one fact and executed another, so both stand there, each with its time. */
function Answered({ action, known, signals, refresh }: { action: Action; known: Case; signals: readonly Signal[]; refresh: () => void }) {
  return (
    <section className="panel action" aria-label={`Action ${humanise(action.name)}`}>
      <h2>{humanise(action.name)}</h2>
      <WhatIsWritten action={action} signals={signals} />
      <ol className="steps">
        {stepsOf(action, known).map((step) => (
          <li key={step.name} data-state={step.state}>
            <p>
              <strong>{step.name}</strong> {step.text}
            </p>
            {step.at && (
              <span className="moment">
                <When at={step.at} title="Real time" named />
              </span>
            )}
          </li>
        ))}
      </ol>
      {action.note && <blockquote>{action.note}</blockquote>}
      <Sent action={action} />
      {action.stage === "UNVERIFIED" && (
        <Deeds>
          <VerifyPanel action={action} refresh={refresh} />
        </Deeds>
      )}
    </section>
  );
}
