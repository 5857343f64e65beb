// The proposal that stood here and waits no longer: what was answered, by whom, and what came of it.
import { useEffect, useRef } from "react";
import type { Action } from "../../api/fragments.ts";
import { CaseQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { goneText } from "../../logic/gone.ts";
import { href } from "../../logic/route.ts";
import { humanise } from "../../logic/words.ts";

const LEAST_MS = 1_000;

/** `mine`: the yes was given on this page. */
export function Gone({ action, mine }: { action: Action; mine: boolean }) {
  const element = useRef<HTMLParagraphElement>(null);
  const { changed, plantChanges } = usePlant();
  const asked = useAsked(CaseQuery, { id: action.caseId, atLeast: null });
  usePaced(changed.get(action.caseId), asked.refresh, LEAST_MS);
  usePaced(plantChanges.any, asked.refresh, LEAST_MS);
  // What was pressed is gone with it, so whoever works by keyboard is led to what came of it.
  useEffect(() => {
    if (mine) element.current?.focus({ preventScroll: true });
  }, [mine]);
  const known = asked.data?.case ?? null;
  const now = known?.actions.find((one) => one.id === action.id);
  const text = known && now && now.stage !== "AWAITING_APPROVAL" ? goneText(now, known, mine) : mine ? "Your yes is on record." : "waits no longer.";
  return (
    <p ref={element} tabIndex={-1} className="gone" role="status">
      <strong>{humanise(action.name)}</strong>: {text} <a href={href.case(action.caseId)}>See what came of it</a>
    </p>
  );
}
