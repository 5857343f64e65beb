// A signal's limits where they are not the configured ones: by how much, why, and how to undo it.
import { useAsk } from "../../api/ask.ts";
import type { Signal } from "../../api/fragments.ts";
import { SetThreshold } from "../../api/normal.ts";
import { usePlant } from "../../live/plant.tsx";
import { movedLimits, times, undoneFactor } from "../../logic/thresholds.ts";
import { actorName } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";

export function MovedLimits({ site, signal, name }: { site: string; signal: Signal; name: string }) {
  const { follow } = usePlant();
  const set = useAsk(SetThreshold);
  const { threshold } = signal;
  const moved = movedLimits(threshold);
  if (threshold === null || moved === null) return null;
  const factor = undoneFactor(threshold);
  return (
    <details className="limits">
      <summary title={threshold.reason}>
        limits {moved}
        <span className="unseen"> of {name}</span>
      </summary>
      <p>
        {threshold.reason}. {actorName(threshold.by)}, <When at={threshold.at} title="Plant time" />
      </p>
      <Deeds quiet>
        <button
          type="button"
          className="small"
          disabled={set.busy}
          onClick={() => void set.ask({ site, signal: signal.id, factor, note: "undone on the page" }).then(follow)}
        >
          Undo: back to {factor === 1 ? "the configured limits" : `limits ${times(factor)}`}
        </button>
      </Deeds>
      {set.problem && <Problem text={set.problem} />}
    </details>
  );
}
