// What past cases say about this one, asked again when the case has changed and when half of a forecast has passed.
import { useRef } from "react";
import type { Case } from "../../api/fragments.ts";
import { CaseInsightQuery, type Insight, type TrackRecord } from "../../api/insight.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlantTime } from "../../live/values.ts";
import { outdatedAt } from "../../logic/forecast.ts";

const LEAST_MS = 5_000;

export interface Known {
  insight: Insight | null;
  problem: string | null;
  refresh: () => void;
}

export function useInsight(known: Case): Known {
  const asked = useAsked(CaseInsightQuery, { id: known.id });
  const insight = asked.data?.case ?? null;
  const outdated = useOutdated(known, insight);
  // Facts can share one instant, so they are counted, too.
  usePaced(`${known.changedAt} ${known.timeline.length} ${outdated}`, asked.refresh, LEAST_MS);
  return { insight, problem: asked.problem, refresh: asked.refresh };
}

/** The plant time at which a forecast was last too old; it only ever grows. Time moves with pushed readings, so nothing is polled. */
function useOutdated(known: Case, insight: Insight | null): number {
  const now = usePlantTime(known.site);
  const last = useRef(0);
  const at = outdatedAt(insight?.forecasts ?? []);
  if (known.status === "OPEN" && at !== null && now !== null && now >= at) last.current = Math.max(last.current, at);
  return last.current;
}

export function trackOf(insight: Insight | null, action: string): TrackRecord | null {
  return insight?.actions.find((known) => known.id === action)?.trackRecord ?? null;
}
