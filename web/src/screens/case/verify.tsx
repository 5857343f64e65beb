// Where nobody could vouch for what was done, a person looks and says.
import { useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { Verify } from "../../api/changes.ts";
import type { Action } from "../../api/fragments.ts";
import { useKnown } from "../../live/values.ts";
import { exact, readAs } from "../../logic/format.ts";
import { unitSymbol } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";

export function VerifyPanel({ action, refresh }: { action: Action; refresh: () => void }) {
  const verify = useAsk(Verify);
  const [note, setNote] = useState("");
  const say = (took: boolean) => void verify.ask({ action: action.id, took, note: note.trim() || null }).then(refresh);
  const [yes, no] = action.write ? ["It took", "It did not take"] : ["It arrived", "It did not arrive"];
  return (
    <div className="verify" role="group" aria-labelledby={`verify-${action.id}`}>
      <h3 id={`verify-${action.id}`}>{action.write ? "Look at the machine: did it take?" : `Ask ${action.message?.to ?? "around"}: did it arrive?`}</h3>
      {action.write && <ShouldBe site={action.site} write={action.write} />}
      <label>
        <span className="label">Note (optional)</span>
        <input value={note} maxLength={500} placeholder="what you saw" onChange={(event) => setNote(event.target.value)} />
      </label>
      <div className="buttons">
        <button type="button" disabled={verify.busy} onClick={() => say(true)}>
          {yes}
        </button>
        <button type="button" disabled={verify.busy} onClick={() => say(false)}>
          {no}
        </button>
      </div>
      {verify.problem && <Problem text={verify.problem} />}
    </div>
  );
}

function ShouldBe({ site, write }: { site: string; write: NonNullable<Action["write"]> }) {
  const known = useKnown(site, write.signal);
  const unit = unitSymbol(write.unit);
  const says = known?.reading.quality === "GOOD" ? `its latest reading says ${readAs(known.reading.value)} ${unit}` : "it cannot be read now";
  return (
    <p>
      <code>{write.signal}</code> was to become {exact(write.value)} {unit}; {says}.
    </p>
  );
}
