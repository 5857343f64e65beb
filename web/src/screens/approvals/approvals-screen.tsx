// What waits for a person, one at a time: the evidence beside the buttons, and on a phone the buttons at the thumb.
import { useEffect, useRef, useState } from "react";
import type { Action } from "../../api/fragments.ts";
import { useParams } from "../../live/address.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { usePlant } from "../../live/plant.tsx";
import { countdown } from "../../logic/countdown.ts";
import { href } from "../../logic/route.ts";
import { humanise, plural } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { ApprovalView } from "./approval-view.tsx";
import { Gone } from "./gone.tsx";

export function ApprovalsScreen() {
  const { approvals, problem, refresh } = usePlant();
  const [params, change] = useParams();
  const gone = useGone(approvals);
  const [mine, setMine] = useState<string | null>(null);
  if (approvals === null) return problem ? <Problem text={problem} retry={refresh} /> : <Loading what="what waits for you" />;
  const shown = approvals.find((action) => action.id === params.get("action")) ?? approvals[0];
  return (
    <>
      <header className="pagehead">
        <h1>
          Approve <span className="count">{approvals.length === 0 ? "" : plural(approvals.length, "action") + " waiting"}</span>
        </h1>
      </header>
      {gone && <Gone key={gone.id} action={gone} mine={gone.id === mine} />}
      {approvals.length > 1 && (
        <ul className="queue" aria-label="Waiting">
          {approvals.map((action) => (
            <Waiting key={action.id} action={action} here={action === shown} choose={() => change({ action: action.id })} />
          ))}
        </ul>
      )}
      {shown ? <ApprovalView key={shown.id} action={shown} yes={() => setMine(shown.id)} /> : <Nothing />}
    </>
  );
}

function Nothing() {
  return (
    <Empty title="Nothing waits for your decision">
      When a diagnosis proposes something that needs a yes, it stands here and in the badge of the menu. <a href={href.cases}>See all cases</a>.
    </Empty>
  );
}

/** The proposal that was here and is answered now, or ran out. */
function useGone(approvals: readonly Action[] | null): Action | null {
  const before = useRef<readonly Action[]>([]);
  const [gone, setGone] = useState<Action | null>(null);
  useEffect(() => {
    if (approvals === null) return;
    const left = before.current.find((known) => !approvals.some((action) => action.id === known.id));
    if (left) setGone(left);
    before.current = approvals;
  }, [approvals]);
  return gone;
}

function Waiting({ action, here, choose }: { action: Action; here: boolean; choose: () => void }) {
  useNow();
  const left = countdown(action.expiresAt, serverNow(), action.proposedAt);
  return (
    <li>
      <button type="button" aria-pressed={here} onClick={choose}>
        {humanise(action.name)} <span className={left.urgent ? "left urgent" : "left"}>{left.over ? "expired" : left.text}</span>
      </button>
    </li>
  );
}
