// What happened around a signal, from its machine's cases: as moments on the curve, and as sentences beside it.
import type { HappenedCase } from "../api/signal.ts";
import { type Marker, kindOf, type MarkerKind } from "./markers.ts";

export interface Happening extends Marker {
  kind: MarkerKind;
  caseId: string;
  /** Whether the signal itself was among the evidence. */
  ours: boolean;
  summary: string;
}

/** Within a stretch, oldest first. Of a case's alerts the first, and those that name the signal. */
export function happenedIn(cases: readonly HappenedCase[], signal: string, from: number, to: number): Happening[] {
  const all = cases.flatMap((one) => {
    let alerts = 0;
    return one.timeline.flatMap((fact): Happening[] => {
      const kind = kindOf(fact.kind);
      if (kind === null) return [];
      const ours = fact.evidence.some((item) => item.signal === signal);
      if (kind === "alert" && alerts++ > 0 && !ours) return [];
      return [{ at: Date.parse(fact.occurredAt), kind, caseId: one.id, ours, summary: fact.summary }];
    });
  });
  return all.filter(({ at }) => at >= from && at <= to).sort((a, b) => a.at - b.at);
}
