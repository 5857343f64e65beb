// All signals of one machine, those under suspicion marked.
import type { Signal } from "../../api/fragments.ts";
import { signalName } from "../../logic/words.ts";
import { SignalRow } from "./signal-row.tsx";

interface Props {
  site: string;
  signals: readonly Signal[];
  live: boolean;
  seen: boolean;
  suspects: ReadonlySet<string>;
}

export function SignalList({ site, signals, live, seen, suspects }: Props) {
  return (
    <ul className="signals">
      {signals.map((signal) => (
        <SignalRow key={signal.id} site={site} signal={signal} name={signalName(signal, signals)} live={live} seen={seen} suspect={suspects.has(signal.id)} />
      ))}
    </ul>
  );
}
