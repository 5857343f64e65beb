// Where a person may change something: in the past that is looked at nothing can be, and it says so beside what it bars.
import type { ReactNode } from "react";
import { goToMoment, useMoment } from "../live/moment.ts";
import { useLapse } from "../live/plant.tsx";
import { clockTime } from "../logic/format.ts";

export function Deeds({ children, quiet = false }: { children: ReactNode; quiet?: boolean }) {
  const past = useMoment();
  if (past === null) return children;
  return (
    <>
      <fieldset className="deeds-barred" disabled title="The past cannot be changed. Go back to now first.">
        {children}
      </fieldset>
      {!quiet && <Barred past={past} />}
    </>
  );
}

function Barred({ past }: { past: string }) {
  const lapse = useLapse();
  return (
    <p className="barred">
      This is {clockTime(past)}
      {lapse !== null && " real time"}: what was can be looked at and not changed.{" "}
      <button type="button" className="link" onClick={() => goToMoment(null)}>
        Go back to now
      </button>
    </p>
  );
}
