// How long a proposal can still be answered: in words, and as a bar that runs out.
import type { Action } from "../api/fragments.ts";
import { serverNow, useNow } from "../live/clock.ts";
import { countdown } from "../logic/countdown.ts";

export function TimeLeft({ action }: { action: Action }) {
  useNow();
  const left = countdown(action.expiresAt, serverNow(), action.proposedAt);
  return (
    <>
      <p className={left.urgent ? "left urgent" : "left"}>
        <span className="label">{left.over ? "Expired" : "Expires in"}</span>
        <span role="timer">{left.text}</span>
      </p>
      <div className="bar" aria-hidden="true">
        <i style={{ inlineSize: `${left.share * 100}%` }} />
      </div>
    </>
  );
}
