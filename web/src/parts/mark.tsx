// States as shapes first and colours second, so that they are told apart without colour, too.
import type { Severity } from "../api/fragments.ts";
import type { Standing } from "../logic/standing.ts";

const SHAPES: Record<Standing, string> = {
  ok: "M3.5 8.5l3 3 6-7",
  alert: "M8 1.5l7 12.5H1z",
  case: "M2 2h12v12H2z",
  ask: "M8 1l7 7-7 7-7-7z",
  acting: "M4 2l10 6-10 6z",
  mitigated: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z",
  locked: "M4 7V5a4 4 0 0 1 8 0v2h1.5v7h-11V7z",
  away: "M1 8l4-4v8zM15 8l-4-4v8z",
  closed: "M3.5 8.5l3 3 6-7",
};

/** Severity decides the colour of an abnormal state; without one it is a plain mark. */
export function Mark({ standing, severity, text }: { standing: Standing; severity?: Severity | null | undefined; text: string }) {
  return (
    <span className={`mark ${standing}`} data-severity={severity ?? undefined}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[standing]} />
      </svg>
      {text}
    </span>
  );
}
