// The switch that stops all actions on a site, and gives them free again.
import { type FormEvent, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { EngageKillSwitch, ReleaseKillSwitch } from "../../api/changes.ts";
import type { Plant } from "../../api/queries.ts";
import { usePlant } from "../../live/plant.tsx";
import { actorName } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";

export function KillSwitch({ plant }: { plant: Plant }) {
  return (
    <section className={plant.killSwitch ? "panel killswitch engaged" : "panel killswitch"} aria-label={`Kill switch of ${plant.name}`}>
      <h2>{plant.name}: kill switch</h2>
      {plant.killSwitch ? <Engaged plant={plant} engaged={plant.killSwitch} /> : <Released plant={plant} />}
    </section>
  );
}

function Engaged({ plant, engaged }: { plant: Plant; engaged: NonNullable<Plant["killSwitch"]> }) {
  const { follow } = usePlant();
  const release = useAsk(ReleaseKillSwitch);
  return (
    <>
      <p>
        <strong>Nothing may act.</strong> Stopped by {actorName(engaged.by)} at <When at={engaged.at} title="Plant time" named />: {engaged.reason}
      </p>
      <button type="button" disabled={release.busy} onClick={() => void release.ask({ site: plant.site }).then(follow)}>
        Let actions run again
      </button>
      {release.problem && <Problem text={release.problem} />}
    </>
  );
}

function Released({ plant }: { plant: Plant }) {
  const { follow } = usePlant();
  const engage = useAsk(EngageKillSwitch);
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void engage.ask({ site: plant.site, reason: reason.trim() }).then(follow);
  };
  return (
    <form className="row" onSubmit={submit}>
      <p>Actions may run, within policy and limits. Stopping voids nothing that was done; it keeps anything more from beginning.</p>
      <label>
        <span className="label">Reason</span>
        <input value={reason} onChange={(event) => setReason(event.target.value)} required maxLength={200} placeholder="why everything must stop" />
      </label>
      <button type="submit" className="danger" disabled={engage.busy || reason.trim() === ""}>
        Stop all actions
      </button>
      {engage.problem && <Problem text={engage.problem} />}
    </form>
  );
}
