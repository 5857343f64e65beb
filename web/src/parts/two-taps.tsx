// A button that asks once more before it does what cannot be done in passing.
import { useState } from "react";

interface Props {
  text: string;
  yes: string;
  busy: boolean;
  act: () => void;
}

export function TwoTaps({ text, yes, busy, act }: Props) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button type="button" className="small" onClick={() => setAsking(true)}>
        {text}…
      </button>
    );
  }
  return (
    <span className="twotaps" role="group" aria-label={text}>
      <button type="button" className="small" autoFocus disabled={busy} onClick={() => setAsking(false)}>
        Back
      </button>
      <button type="button" className="small" disabled={busy} onClick={act}>
        {yes}
      </button>
    </span>
  );
}
