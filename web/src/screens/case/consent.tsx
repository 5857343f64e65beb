// Whose yes it takes, whose is there, and whose was asked for.
import type { Action } from "../../api/fragments.ts";
import { askedText, riskOf, tallyOf } from "../../logic/approval.ts";

export function Consent({ action }: { action: Action }) {
  const risk = riskOf(action);
  const tally = tallyOf(action);
  const asked = askedText(action);
  return (
    <div className="consent">
      <p>
        <strong>{risk.name}.</strong> {risk.takes}
      </p>
      {tally && (
        <p className="tally" role="status">
          <span className="pips" aria-hidden="true">
            {Array.from({ length: tally.needed }, (_, place) => (
              <i key={place} className={place < tally.given ? "given" : ""} />
            ))}
          </span>
          <span>
            <strong>{tally.said}.</strong> {tally.missing}
          </span>
        </p>
      )}
      {asked.length > 0 && <p className="by">{asked.join(" ")}</p>}
    </div>
  );
}
