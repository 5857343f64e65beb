// A button that asks once more before it does what cannot be done in passing.
import { useState } from "react";

interface Props {
  text: string;
  /** Told to those who hear the page, where several buttons have one text. */
  about?: string;
  yes: string;
  busy: boolean;
  act: () => void;
}

export function TwoTaps({ text, about, yes, busy, act }: Props) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button type="button" className="small" onClick={() => setAsking(true)}>
        {text}…{about !== undefined && <span className="unseen"> {about}</span>}
      </button>
    );
  }
  return (
    <span className="twotaps" role="group" aria-label={about === undefined ? text : `${text} ${about}`}>
      <button type="button" className="small" autoFocus disabled={busy} onClick={() => setAsking(false)}>
        Back
      </button>
      <button type="button" className="small" disabled={busy} onClick={act}>
        {yes}
      </button>
    </span>
  );
}
