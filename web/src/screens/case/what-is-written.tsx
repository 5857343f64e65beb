// Exactly what leaves the house: which register of which device goes from what to what, or which words go to whom.
import type { Action, Signal } from "../../api/fragments.ts";
import { useKnown } from "../../live/values.ts";
import { exact, figure } from "../../logic/format.ts";
import { signalLabel } from "../../logic/signals.ts";
import { unitSymbol } from "../../logic/words.ts";

export function WhatIsWritten({ action, signals }: { action: Action; signals: readonly Signal[] }) {
  if (action.write) return <Write action={action} write={action.write} signals={signals} />;
  if (action.message) {
    return (
      <figure className="message">
        <figcaption>
          <span className="label">Message to</span> {action.message.to}
        </figcaption>
        <blockquote>{action.message.text}</blockquote>
      </figure>
    );
  }
  return <p>{action.what}</p>;
}

interface WriteProps {
  action: Action;
  write: NonNullable<Action["write"]>;
  signals: readonly Signal[];
}

function Write({ action, write, signals }: WriteProps) {
  const live = useKnown(action.site, write.signal);
  const from = fromValue(action, write.signal, live?.reading.quality === "GOOD" ? live.reading.value : null);
  const unit = unitSymbol(write.unit);
  return (
    <div className="write">
      <p className="target">
        <span className="label">Write to</span> {signalLabel(write.signal, write.signal, signals)}
        <code>
          {write.signal} on {write.device}
        </code>
      </p>
      <p className="fromto">
        <span className="from">
          <span className="unseen">from </span>
          {from === null ? figure(from) : exact(Number(from.toFixed(1)))}
        </span>
        <span className="arrow" aria-hidden="true">
          →
        </span>
        <strong className="to">
          <span className="unseen"> to </span>
          {exact(write.value)}
        </strong>
        <span className="unit">{unit}</span>
      </p>
      <p className="label">
        accepted when read back within ±{exact(write.tolerance)} {unit}
      </p>
    </div>
  );
}

/** Before the answer the present value; afterwards the one that the decision rested on. */
function fromValue(action: Action, signal: string, live: number | null): number | null {
  const noted = [...action.observed, ...action.preconditions].find((observed) => observed.signal === signal)?.value ?? null;
  return action.stage === "AWAITING_APPROVAL" ? (live ?? noted) : noted;
}
