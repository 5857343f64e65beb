// The tag on a machine that somebody works on: nothing is written to it until it is returned.
import { type FormEvent, useState } from "react";
import { useAsk } from "../../api/ask.ts";
import { type AssetDetail, LockOut, ReturnToService } from "../../api/asset.ts";
import type { Answered, AssetHealth } from "../../api/fragments.ts";
import { usePlant } from "../../live/plant.tsx";
import { actorName } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Problem } from "../../parts/notice.tsx";
import { TwoTaps } from "../../parts/two-taps.tsx";
import { When } from "../../parts/when.tsx";

interface Props {
  asset: AssetDetail;
  health: AssetHealth;
  follow: (answered: Answered | null) => void;
}

export function LockOutPanel({ asset, health, follow }: Props) {
  const plant = usePlant();
  const done = (answered: Answered | null) => {
    follow(answered);
    plant.follow(answered);
  };
  return (
    <section className={health.lockedOut ? "panel lockout on" : "panel lockout"} aria-labelledby="lockout">
      <h2 id="lockout">Lock-out</h2>
      {health.lockedOut ? <LockedOut asset={asset} tag={health.lockedOut} done={done} /> : <InService asset={asset} done={done} />}
    </section>
  );
}

function LockedOut({ asset, tag, done }: { asset: AssetDetail; tag: NonNullable<AssetHealth["lockedOut"]>; done: (answered: Answered | null) => void }) {
  const back = useAsk(ReturnToService);
  return (
    <>
      <p>
        <strong>Locked out.</strong> Nothing is written to {asset.name}, and its alarms tell nobody.
      </p>
      <blockquote>{tag.tag}</blockquote>
      <p className="by">
        {actorName(tag.by)}, <When at={tag.at} title="Plant time" named />
      </p>
      <Deeds>
        <TwoTaps text="Return to service" yes="Yes, nobody works on it any more" busy={back.busy} act={() => void back.ask({ site: asset.site, asset: asset.id }).then(done)} />
      </Deeds>
      {back.problem && <Problem text={back.problem} />}
    </>
  );
}

function InService({ asset, done }: { asset: AssetDetail; done: (answered: Answered | null) => void }) {
  const lock = useAsk(LockOut);
  const [tag, setTag] = useState("");
  const [sure, setSure] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!sure) setSure(true);
    else void lock.ask({ site: asset.site, asset: asset.id, tag: tag.trim() }).then(done);
  };
  return (
    <Deeds>
      <form className="tagform" onSubmit={submit}>
        <p className="by">Before somebody works on it: from then on nothing is written to it, whoever has said yes.</p>
        <label>
          <span className="label">What stands on the tag</span>
          <input
            value={tag}
            required
            maxLength={200}
            placeholder="who works on it, and why"
            onChange={(event) => {
              setTag(event.target.value);
              setSure(false);
            }}
          />
        </label>
        <div className="buttons">
          <button type="submit" className={sure ? "danger" : ""} disabled={lock.busy || tag.trim() === ""}>
            {sure ? `Yes, lock out ${asset.name}` : "Lock out…"}
          </button>
          {sure && (
            <button type="button" disabled={lock.busy} onClick={() => setSure(false)}>
              Back
            </button>
          )}
        </div>
        {lock.problem && <Problem text={lock.problem} />}
      </form>
    </Deeds>
  );
}
