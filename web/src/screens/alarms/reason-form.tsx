// Why an alarm is to be quiet, and for how long: whoever comes next has to know.
import { type FormEvent, type ReactNode, useState } from "react";

interface Props {
  text: string;
  busy: boolean;
  send: (reason: string) => void;
  back: () => void;
  children?: ReactNode;
}

export function ReasonForm({ text, busy, send, back, children }: Props) {
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(reason.trim());
  };
  return (
    <form className="reason" onSubmit={submit}>
      {children}
      <label>
        <span className="label">Reason</span>
        <input value={reason} autoFocus required maxLength={500} placeholder="why, for whoever comes next" onChange={(event) => setReason(event.target.value)} />
      </label>
      <div className="buttons">
        <button type="submit" disabled={busy || reason.trim() === ""}>
          {text}
        </button>
        <button type="button" className="quiet" disabled={busy} onClick={back}>
          Back
        </button>
      </div>
    </form>
  );
}

const SHELVES = [
  { minutes: 15, text: "15 minutes" },
  { minutes: 60, text: "1 hour" },
  { minutes: 480, text: "8 hours, a shift" },
] as const;

interface ShelveProps {
  busy: boolean;
  send: (minutes: number, reason: string) => void;
  back: () => void;
}

export function ShelveForm({ busy, send, back }: ShelveProps) {
  const [minutes, setMinutes] = useState<number>(SHELVES[0].minutes);
  return (
    <ReasonForm text="Shelve" busy={busy} send={(reason) => send(minutes, reason)} back={back}>
      <label>
        <span className="label">For how long (real time)</span>
        <select value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
          {SHELVES.map((shelf) => (
            <option key={shelf.minutes} value={shelf.minutes}>
              {shelf.text}
            </option>
          ))}
        </select>
      </label>
    </ReasonForm>
  );
}
