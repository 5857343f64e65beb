// How bad it is, as a shape and a word; coloured only where it stands and is to be heard.
import type { Severity } from "../api/fragments.ts";
import { humanise } from "../logic/words.ts";

const SHAPES: Record<Severity, string> = {
  CRITICAL: "M1.5 1.5h13v13h-13z",
  HIGH: "M8 1.5l7 12.5H1z",
  MEDIUM: "M1 2h14L8 14.5z",
  LOW: "M8 2a6 6 0 1 1-.01 0z",
};

export function SeverityMark({ severity, told }: { severity: Severity | null; told: "loud" | "seen" | "quiet" }) {
  if (severity === null) return <span className="severity quiet">No severity</span>;
  return (
    <span className={`severity ${told}`} data-severity={told === "quiet" ? undefined : severity}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[severity]} />
      </svg>
      {humanise(severity)}
    </span>
  );
}
