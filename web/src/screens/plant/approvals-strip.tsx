// What waits for a person, above everything else.
import { useMemo } from "react";
import type { Action } from "../../api/fragments.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { usePlant } from "../../live/plant.tsx";
import { shortApproval } from "../../logic/approval.ts";
import { openCasesOf } from "../../logic/cases.ts";
import { countdown } from "../../logic/countdown.ts";
import { href } from "../../logic/route.ts";
import { waitingText } from "../../logic/waiting.ts";
import { humanise, plural } from "../../logic/words.ts";

export function ApprovalsStrip() {
  const { approvals, plants, changed } = usePlant();
  const machines = useMemo(() => (plants ?? []).flatMap((plant) => plant.assets.map((asset) => ({ ...asset, openCases: openCasesOf(asset, changed) }))), [plants, changed]);
  if (approvals === null || approvals.length === 0) return null;
  return (
    <section className="strip" aria-label="Pending approvals">
      <h2>{plural(approvals.length, "action")} waiting for your decision</h2>
      <ul>
        {approvals.map((action) => (
          <Waiting key={action.id} action={action} said={waitingText(action, machines)} />
        ))}
      </ul>
    </section>
  );
}

function Waiting({ action, said }: { action: Action; said: { why: string | null; what: string } }) {
  useNow();
  const left = countdown(action.expiresAt, serverNow(), action.proposedAt);
  return (
    <li>
      <a href={href.case(action.caseId)}>
        <strong>{humanise(action.name)}</strong>
        <span className="what">
          {said.why !== null && <span className="why">{said.why}: </span>}
          {said.what}
          <span className="feature"> {shortApproval(action)}</span>
        </span>
        <span className={left.urgent ? "left urgent" : "left"}>{left.over ? "expired" : `expires in ${left.text}`}</span>
        <span className="go">Review</span>
      </a>
    </li>
  );
}
