// One machine: how it stands, what is open on it, and all that it says.
import type { AssetHealth, CaseSummary } from "../../api/fragments.ts";
import type { Asset } from "../../api/queries.ts";
import { percent } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { assetStanding, worst } from "../../logic/standing.ts";
import { humanise } from "../../logic/words.ts";
import { Mark } from "../../parts/mark.tsx";
import { useSeen } from "../../parts/seen.ts";
import { Relearned, RelearningProposed } from "./relearning.tsx";
import { SignalList } from "./signal-list.tsx";

interface Props {
  asset: Asset;
  /** Whether its readings come now; an imported site's are never called stale. */
  live: boolean;
  health: AssetHealth;
  cases: readonly CaseSummary[];
  /** Its values stand far from what was learned. */
  away: boolean;
}

export function AssetCard({ asset, live, health, cases, away }: Props) {
  const [element, seen] = useSeen<HTMLElement>();
  const stood = assetStanding(health, cases.map((open) => open.stage), away);
  const severity = worst(cases.map((open) => open.severity));
  const suspects = new Set(cases.flatMap((open) => open.evidence.map((evidence) => evidence.signal)));
  return (
    <article ref={element} className={`card ${stood.standing}`} data-severity={severity ?? undefined} aria-labelledby={`asset-${asset.id}`}>
      <header>
        <h3 id={`asset-${asset.id}`}>
          <a href={href.asset(asset.site, asset.id)}>{asset.name}</a>
          <span className="class">{[asset.cell, humanise(asset.class), asset.vendor].filter(Boolean).join(" · ")}</span>
        </h3>
        <Mark standing={stood.standing} severity={severity} text={stood.text} />
      </header>
      {health.lockedOut && (
        <p className="tag">
          {health.lockedOut.tag} — {health.lockedOut.by}
        </p>
      )}
      {cases.map((open) => (
        <a key={open.id} className="opencase" href={href.case(open.id)}>
          <span>
            {open.diagnosis ? `${humanise(open.diagnosis.cause)}, ${percent(open.diagnosis.confidence)} sure` : "Cause not known yet"}
          </span>
          <span className="stage">See case ›</span>
        </a>
      ))}
      <RelearningProposed asset={asset} />
      <SignalList site={asset.site} signals={asset.signals} live={live} seen={seen} suspects={suspects} />
      <Relearned asset={asset} />
    </article>
  );
}
