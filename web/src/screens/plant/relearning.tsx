// Learning a machine anew, which is a person's to say, and taking that back.
import { useAsk } from "../../api/ask.ts";
import { ApproveRelearning, RestoreBaseline } from "../../api/normal.ts";
import type { Asset } from "../../api/queries.ts";
import { usePlant } from "../../live/plant.tsx";
import { actorName, plural } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Problem } from "../../parts/notice.tsx";
import { TwoTaps } from "../../parts/two-taps.tsx";
import { When } from "../../parts/when.tsx";

export function RelearningProposed({ asset }: { asset: Asset }) {
  const { follow } = usePlant();
  const approve = useAsk(ApproveRelearning);
  const { proposed } = asset.relearning;
  if (proposed === null) return null;
  return (
    <div className="relearning" role="group" aria-label={`Learn ${asset.name} anew?`}>
      <p>
        <strong>Is this normal now?</strong> {asset.name}: {proposed}. While it learns, departures on it are not seen.
      </p>
      <Deeds quiet>
        <TwoTaps
          text="Learn anew"
          yes="Yes, learn anew"
          busy={approve.busy}
          act={() => void approve.ask({ site: asset.site, asset: asset.id }).then(follow)}
        />
      </Deeds>
      {approve.problem && <Problem text={approve.problem} />}
    </div>
  );
}

export function Relearned({ asset }: { asset: Asset }) {
  const { follow } = usePlant();
  const restore = useAsk(RestoreBaseline);
  const { canBeTakenBack, changedBy, changedAt } = asset.relearning;
  if (canBeTakenBack === 0) return null;
  return (
    <details className="relearned">
      <summary>Learned anew {canBeTakenBack === 1 ? "once" : plural(canBeTakenBack, "time")}</summary>
      <p>
        {changedBy && (
          <>
            Last changed by {actorName(changedBy)}, <When at={changedAt} title="Plant time" />.{" "}
          </>
        )}
        What was normal before can be normal again.
      </p>
      <Deeds quiet>
        <TwoTaps
          key={canBeTakenBack}
          text="Take the last relearning back"
          yes="Yes, take it back"
          busy={restore.busy}
          act={() => void restore.ask({ site: asset.site, asset: asset.id }).then(follow)}
        />
      </Deeds>
      {restore.problem && <Problem text={restore.problem} />}
    </details>
  );
}
