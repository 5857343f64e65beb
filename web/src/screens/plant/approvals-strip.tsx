// What waits for a person, above everything else.
import type { Action } from "../../api/fragments.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { usePlant } from "../../live/plant.tsx";
import { shortApproval } from "../../logic/approval.ts";
import { countdown } from "../../logic/countdown.ts";
import { href } from "../../logic/route.ts";
import { humanise, plural } from "../../logic/words.ts";

export function ApprovalsStrip() {
  const { approvals } = usePlant();
  if (approvals === null || approvals.length === 0) return null;
  return (
    <section className="strip" aria-label="Pending approvals">
      <h2>{plural(approvals.length, "action")} waiting for your decision</h2>
      <ul>
        {approvals.map((action) => (
          <Waiting key={action.id} action={action} />
        ))}
      </ul>
    </section>
  );
}

function Waiting({ action }: { action: Action }) {
  useNow();
  const left = countdown(action.expiresAt, serverNow(), action.proposedAt);
  return (
    <li>
      <a href={href.case(action.caseId)}>
        <strong>{humanise(action.name)}</strong>
        <span className="what">
          {action.what}
          <span className="feature"> {shortApproval(action)}</span>
        </span>
        <span className={left.urgent ? "left urgent" : "left"}>{left.over ? "expired" : `expires in ${left.text}`}</span>
        <span className="go">Review</span>
      </a>
    </li>
  );
}
