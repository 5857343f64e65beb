// One proposal with all that a decision needs on one screen: what would be done, why, how sure, how it fared before, how long there is.
import type { Action } from "../../api/fragments.ts";
import { type CaseAsset, CaseQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePaced } from "../../api/use-paced.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { usePlant } from "../../live/plant.tsx";
import { countdown } from "../../logic/countdown.ts";
import { exact, percent } from "../../logic/format.ts";
import { href } from "../../logic/route.ts";
import { signalLabel, withNames } from "../../logic/signals.ts";
import { trackText } from "../../logic/track.ts";
import { actorName, humanise, signalName, unitSymbol } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Loading, Problem } from "../../parts/notice.tsx";
import { TimeLeft } from "../../parts/time-left.tsx";
import { Answer } from "../case/answer.tsx";
import { Consent } from "../case/consent.tsx";
import { EvidenceRows, useSteady } from "../case/evidence-table.tsx";
import { trackOf, useInsight } from "../case/insight.ts";
import { WhatIsWritten } from "../case/what-is-written.tsx";
import { SignalRow } from "../plant/signal-row.tsx";

const MOST_EVIDENCE = 4;
const LEAST_MS = 1_000;
const NO_SIGNALS: CaseAsset["signals"] = [];

/** `yes` hears that a yes was given here. */
export function ApprovalView({ action, yes }: { action: Action; yes: () => void }) {
  const { plantChanges, past } = usePlant();
  const asked = useAsked(CaseQuery, { id: action.caseId, atLeast: null });
  usePaced(plantChanges.any, asked.refresh, LEAST_MS);
  const known = asked.data?.case ?? null;
  const signals = known?.asset?.signals ?? NO_SIGNALS;
  return (
    <article className="approval">
      <section className="panel why" aria-label="Why">
        <h2>
          {known?.diagnosis ? humanise(known.diagnosis.cause) : "Why"}
          <span className="on"> on {known?.asset?.name ?? "the machine"}</span>
          {known?.diagnosis && <span className="count">{percent(known.diagnosis.confidence)} sure</span>}
        </h2>
        {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
        {known === null && !asked.problem && <Loading what="the evidence" />}
        {known?.diagnosis && <p>{withNames(known.diagnosis.explanation, signals)}</p>}
        {known && <Evidence known={known} signals={signals} live={past === null} />}
        {known && (
          <p>
            <a href={href.case(known.id)}>All of the case: curves, past cases, timeline</a>
          </p>
        )}
      </section>
      <section className="panel decision" aria-labelledby="approval-what">
        <Head action={action} />
        <WhatIsWritten action={action} signals={signals} />
        <Consent action={action} />
        {known && <Fared known={known} action={action} />}
        <p className="by">
          Proposed by {actorName(action.proposedBy)}. A yes holds only for exactly this, and only once.
        </p>
        <div className="thumb">
          {action.write && (
            <p className="thumbwrite">
              <span className="label">Write</span> {signalLabel(action.write.signal, action.write.signal, signals)} →{" "}
              <strong>
                {exact(action.write.value)} {unitSymbol(action.write.unit)}
              </strong>
            </p>
          )}
          <Answering action={action} suggests={known?.diagnosis?.suggests ?? []} signals={signals} refresh={asked.refresh} yes={yes} />
        </div>
      </section>
    </article>
  );
}

type Known = Parameters<typeof useInsight>[0] & { site: string };

function Head({ action }: { action: Action }) {
  return (
    <header>
      <h2 id="approval-what">{humanise(action.name)}?</h2>
      <TimeLeft action={action} />
    </header>
  );
}

function Answering(props: Parameters<typeof Answer>[0]) {
  useNow();
  const { over } = countdown(props.action.expiresAt, serverNow(), props.action.proposedAt);
  if (over) return <p className="warn">Nobody answered in time, so nothing is done. A new alert can propose it again.</p>;
  return (
    <Deeds>
      <Answer {...props} />
    </Deeds>
  );
}

function Evidence({ known, signals, live }: { known: Known; signals: CaseAsset["signals"]; live: boolean }) {
  const strongest = useSteady(known.evidence, MOST_EVIDENCE);
  const spoken = [...new Set(strongest.map((item) => item.signal))].flatMap((id) => signals.find((signal) => signal.id === id) ?? []);
  return (
    <>
      <ul className="signals">
        {spoken.map((signal) => (
          <SignalRow key={signal.id} site={known.site} signal={signal} name={signalName(signal, signals)} live={live} seen suspect />
        ))}
      </ul>
      <details open={matchMedia("(min-width: 900px)").matches}>
        <summary>The figures that were judged</summary>
        <EvidenceRows evidence={strongest} signals={signals} />
      </details>
    </>
  );
}

function Fared({ known, action }: { known: Known; action: Action }) {
  const track = trackOf(useInsight(known).insight, action.id);
  const text = track && trackText(track);
  return text ? <p className="track">{text}</p> : null;
}
