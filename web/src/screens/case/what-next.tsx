// What comes next in an open case: what is waited for, or that a person has to look; and the way to say what was found.
import type { Case, Signal } from "../../api/fragments.ts";
import { usePlantTime } from "../../live/values.ts";
import { about } from "../../logic/forecast.ts";
import { signalLabel } from "../../logic/signals.ts";
import { actedAt, outOfPatience, watchedSignals } from "../../logic/watched.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { leadToOutcome } from "./outcome.tsx";

export function WhatNext({ known, signals }: { known: Case; signals: readonly Signal[] }) {
  if (known.status !== "OPEN") return null;
  return (
    <section className="panel next" aria-label="What comes next">
      {known.stage === "mitigated" && (
        <p>
          <strong>It got quieter.</strong> Readings cannot say that it is repaired: once somebody has looked at the machine, say what it was.
        </p>
      )}
      {known.stage === "verifying" && <Awaited known={known} signals={signals} />}
      <Deeds quiet>
        <button type="button" onClick={leadToOutcome}>
          Record what was found
        </button>
      </Deeds>
    </section>
  );
}

/** The stretch is a setting; two minutes is what is delivered. */
function Awaited({ known, signals }: { known: Case; signals: readonly Signal[] }) {
  const now = usePlantTime(known.site);
  const acted = actedAt(known);
  const names = watchedSignals(known).map((id) => signalLabel(id, id.split("/").at(-1) ?? id, signals));
  const whatever = names.length === 0 ? "What departed" : names.map((name, place) => (place === 0 ? name : name.toLowerCase())).join(", ");
  const since = acted !== null && now !== null && now > acted ? `, so far for ${about(now - acted)}` : "";
  return (
    <>
      <p>
        <strong>Done; now it is watched whether it helps{since}.</strong> {whatever} {names.length > 1 ? "have" : "has"} to be back near normal and to stay there, for two minutes of plant time unless{" "}
        <code>recovery.hold_s</code> says otherwise. Then the case says <em>Mitigated</em> by itself; there is no latest time.
      </p>
      <p>
        {outOfPatience(acted, now) ? (
          <>
            <strong>It has not come back.</strong> Look at the machine, and say what you find. Another alert can also propose something else.
          </>
        ) : (
          "If it does not get quieter, look at the machine and say what you find; a new alert can propose something else."
        )}
      </p>
    </>
  );
}
