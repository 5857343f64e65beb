// One fault's whole life, with the decision beside its evidence.
import { useMemo, useState } from "react";
import { CaseChanged } from "../../api/changes.ts";
import { useConnection } from "../../api/connection.ts";
import type { Case } from "../../api/fragments.ts";
import { type CaseAsset, CaseQuery, StandQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useListen } from "../../api/use-listen.ts";
import { outdatedText } from "../../logic/investigation.ts";
import { href, isUuid } from "../../logic/route.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { Letters } from "../crew/letters.tsx";
import { Actions } from "./actions.tsx";
import { CaseHead } from "./case-head.tsx";
import { ChangePanel } from "./change-panel.tsx";
import { Curves } from "./curves.tsx";
import { DiagnosisPanel } from "./diagnosis.tsx";
import { EvidenceTable } from "./evidence-table.tsx";
import { Findings } from "./findings.tsx";
import { Forecasts } from "./forecasts.tsx";
import { useInsight } from "./insight.ts";
import { MessagesPanel } from "./messages.tsx";
import { OutcomePanel } from "./outcome.tsx";
import { SeenBefore } from "./seen-before.tsx";
import { TicketsPanel } from "./tickets.tsx";
import { Timeline } from "./timeline.tsx";

/** What cannot be a case, as a mistyped address, is not asked for. */
export function CaseScreen({ id }: { id: string }) {
  return isUuid(id) ? <AskedCase id={id} /> : <NoSuchCase />;
}

function NoSuchCase() {
  return (
    <Empty title="No such case">
      The address may be mistyped, or it may belong to another installation. <a href={href.cases}>See all cases</a>.
    </Empty>
  );
}

function AskedCase({ id }: { id: string }) {
  const asked = useAsked(CaseQuery, { id, atLeast: null });
  const known = useLive(id, asked.data?.case ?? null);
  const asset = asked.data?.case?.asset ?? null;
  if (known) return <CaseView known={known} asset={asset} problem={asked.problem} refresh={asked.refresh} />;
  if (asked.problem) return <Problem text={asked.problem} retry={asked.refresh} />;
  if (asked.loading) return <Loading what="the case" />;
  return <NoSuchCase />;
}

/** The pushed view of the case, unless what was asked knows more facts. */
function useLive(id: string, asked: Case | null): Case | null {
  const { epoch } = useConnection();
  const [pushed, setPushed] = useState<Case | null>(null);
  const stand = useAsked(StandQuery, {});
  const after = stand.loading || epoch === 0 ? null : (stand.data?.health.position ?? null);
  useListen(CaseChanged, after === null ? null : { case: id, after }, (push) => setPushed(push.caseChanged.case));
  if (!asked || !pushed) return pushed ?? asked;
  return pushed.timeline.length >= asked.timeline.length ? pushed : asked;
}

const NO_SIGNALS: CaseAsset["signals"] = [];

interface ViewProps {
  known: Case;
  asset: CaseAsset | null;
  problem: string | null;
  refresh: () => void;
}

function CaseView({ known, asset, problem, refresh }: ViewProps) {
  const signals = useMemo(() => asset?.signals ?? NO_SIGNALS, [asset]);
  const { insight, ...past } = useInsight(known);
  return (
    <article className="case">
      <CaseHead known={known} asset={asset} />
      {problem && <Problem text={problem} retry={refresh} />}
      {past.problem && past.problem !== problem && <Problem text={past.problem} retry={past.refresh} />}
      <div className="columns">
        <div className="actions">
          <Actions known={known} signals={signals} insight={insight} refresh={refresh} />
          <OutcomePanel known={known} refresh={refresh} />
        </div>
        <div className="reasons">
          <ChangePanel known={known} signals={signals} />
          <EvidenceTable evidence={known.evidence} signals={signals} />
          <DiagnosisPanel known={known} signals={signals} record={insight?.diagnosis?.record ?? null} />
          {known.investigation && <Findings investigation={known.investigation} outdated={outdatedText(known)} />}
          {(insight !== null || past.problem === null) && <SeenBefore known={known} similar={insight?.similar ?? null} />}
          <Forecasts known={known} signals={signals} forecasts={insight?.forecasts ?? []} />
          <Curves known={known} signals={signals} />
          <Timeline known={known} signals={signals} />
        </div>
        <div className="outcomes">
          <TicketsPanel known={known} />
          <MessagesPanel known={known} />
          <Letters caseId={known.id} />
        </div>
      </div>
    </article>
  );
}
