// A proposal that waits for people: what it does, what it risks, who has said yes and who was asked, how long it can be answered.
import type { Action, Case, Signal } from "../../api/fragments.ts";
import type { TrackRecord } from "../../api/insight.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { countdown } from "../../logic/countdown.ts";
import { trackText } from "../../logic/track.ts";
import { actorName, humanise } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { TimeLeft } from "../../parts/time-left.tsx";
import { Answer } from "./answer.tsx";
import { Consent } from "./consent.tsx";
import { WhatIsWritten } from "./what-is-written.tsx";

interface Props {
  action: Action;
  known: Case;
  signals: readonly Signal[];
  /** How often it has helped; null until it was counted. */
  track: TrackRecord | null;
  refresh: () => void;
}

export function Decision({ action, known, signals, track, refresh }: Props) {
  useNow();
  const fared = track && trackText(track);
  const { over } = countdown(action.expiresAt, serverNow(), action.proposedAt);
  return (
    <section className="panel decision" aria-labelledby={`decision-${action.id}`}>
      <header>
        <h2 id={`decision-${action.id}`}>{humanise(action.name)}</h2>
        <TimeLeft action={action} />
      </header>
      <WhatIsWritten action={action} signals={signals} />
      <Consent action={action} />
      {fared && <p className="track">{fared}</p>}
      <p className="by">
        {action.insteadOf === null ? `Proposed by ${actorName(action.proposedBy)}.` : `${actorName(action.proposedBy)} wants this in place of what was proposed before.`} A yes holds
        only for exactly this, and only once.
      </p>
      {over ? (
        <p className="warn">Nobody answered in time, so nothing is done. A new alert can propose it again.</p>
      ) : (
        <Deeds>
          <Answer action={action} suggests={known.diagnosis?.suggests ?? []} signals={signals} refresh={refresh} />
        </Deeds>
      )}
    </section>
  );
}
