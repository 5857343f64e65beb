// A proposal that waits for a person: what it does, how long it can be answered, yes and no.
import { useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { Approve, Reject } from "../../api/changes.ts";
import type { Action, Signal } from "../../api/fragments.ts";
import type { TrackRecord } from "../../api/insight.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { countdown } from "../../logic/countdown.ts";
import { exact } from "../../logic/format.ts";
import { trackText } from "../../logic/track.ts";
import { actorName, humanise, unitSymbol } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";
import { WhatIsWritten } from "./what-is-written.tsx";

interface Props {
  action: Action;
  signals: readonly Signal[];
  /** How often it has helped; null until it was counted. */
  track: TrackRecord | null;
  refresh: () => void;
}

export function Decision({ action, signals, track, refresh }: Props) {
  useNow();
  const fared = track && trackText(track);
  const left = countdown(action.expiresAt, serverNow(), action.proposedAt);
  return (
    <section className="panel decision" aria-labelledby={`decision-${action.id}`}>
      <header>
        <h2 id={`decision-${action.id}`}>{humanise(action.name)}</h2>
        <p className={left.urgent ? "left urgent" : "left"}>
          <span className="label">{left.over ? "Expired" : "Expires in"}</span>
          <span role="timer">{left.text}</span>
        </p>
        <div className="bar" aria-hidden="true">
          <i style={{ inlineSize: `${left.share * 100}%` }} />
        </div>
      </header>
      <WhatIsWritten action={action} signals={signals} />
      {fared && <p className="track">{fared}</p>}
      <p className="by">Proposed by {actorName(action.proposedBy)}. A yes holds only for exactly this, and only once.</p>
      {left.over ? <p className="warn">Nobody answered in time, so nothing is done. A new alert can propose it again.</p> : <Answer action={action} refresh={refresh} />}
    </section>
  );
}

/** Two taps for a yes, at two places: neither a pocket nor a double tap nor a held key may move a machine. */
function Answer({ action, refresh }: { action: Action; refresh: () => void }) {
  const [asking, setAsking] = useState<"nothing" | "yes" | "no">("nothing");
  const [note, setNote] = useState("");
  const approve = useAsk(Approve);
  const reject = useAsk(Reject);
  const busy = approve.busy || reject.busy;
  const problem = approve.problem ?? reject.problem;
  const back = () => setAsking("nothing");

  return (
    <div className="answer">
      {asking === "nothing" && (
        <div className="buttons">
          <button type="button" className="approve" onClick={() => setAsking("yes")}>
            Approve…
          </button>
          <button type="button" onClick={() => setAsking("no")}>
            Reject…
          </button>
        </div>
      )}
      {asking === "yes" && (
        <div className="buttons" role="group" aria-label="Confirm the approval">
          <button type="button" autoFocus disabled={busy} onClick={back}>
            Back
          </button>
          <button
            type="button"
            className="approve"
            disabled={busy}
            onClick={() => void approve.ask({ action: action.id, binding: action.binding }).then(refresh)}
          >
            {yesText(action)}
          </button>
        </div>
      )}
      {asking === "no" && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void reject.ask({ action: action.id, note: note.trim() || null }).then(refresh);
          }}
        >
          <label>
            <span className="label">Why not (optional)</span>
            <input value={note} autoFocus maxLength={500} onChange={(event) => setNote(event.target.value)} />
          </label>
          <div className="buttons">
            <button type="submit" disabled={busy}>
              Reject
            </button>
            <button type="button" disabled={busy} onClick={back}>
              Back
            </button>
          </div>
        </form>
      )}
      {problem && <Problem text={problem} />}
    </div>
  );
}

function yesText(action: Action): string {
  return action.write ? `Yes, write ${exact(action.write.value)} ${unitSymbol(action.write.unit)}`.trim() : "Yes, send it";
}
