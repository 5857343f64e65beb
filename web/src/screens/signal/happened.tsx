// What is marked on the curve, in words.
import type { Happening } from "../../logic/happened.ts";
import { href } from "../../logic/route.ts";
import { humanise } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";
import { When } from "../../parts/when.tsx";

const MOST = 12;

interface Props {
  happened: readonly Happening[];
  problem: string | null;
  /** How many cases are marked, where there are more of this stretch; otherwise null. */
  marked: number | null;
}

export function Happened({ happened, problem, marked }: Props) {
  if (problem) return <Problem text={problem} />;
  return (
    <>
      {marked !== null && <p className="warn">Only the newest {marked} cases of this stretch are marked: go nearer to see the others.</p>}
      {happened.length > 0 && <Listed happened={happened} />}
    </>
  );
}

function Listed({ happened }: { happened: readonly Happening[] }) {
  return (
    <details className="happened" open={happened.length <= 6}>
      <summary>What happened meanwhile ({happened.length})</summary>
      <ol>
        {happened.slice(-MOST).map((one, place) => (
          <li key={`${one.caseId} ${one.at} ${place}`} data-kind={one.kind}>
            <When at={new Date(one.at).toISOString()} title="Plant time" /> <strong>{humanise(one.kind)}</strong> {one.summary}
            {one.ours && <span className="feature"> by this signal</span>} <a href={href.case(one.caseId)}>See case</a>
          </li>
        ))}
      </ol>
      {happened.length > MOST && <p className="by">Only the last {MOST}: go nearer to see the others.</p>}
    </details>
  );
}
