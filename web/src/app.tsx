// The frame around every screen: where one is, whether it is live, whether anything may act.
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useHash } from "./live/address.ts";
import { useMoment, useProgress } from "./live/moment.ts";
import { usePlant } from "./live/plant.tsx";
import { parseRoute, pathOf, type Route } from "./logic/route.ts";
import { Mishap } from "./parts/mishap.tsx";
import { Empty, Loading } from "./parts/notice.tsx";
import { PlantScreen } from "./screens/plant/plant-screen.tsx";
import { Banners } from "./shell/banners.tsx";
import { MomentBar } from "./shell/moment-bar.tsx";
import { TopBar } from "./shell/top-bar.tsx";

// The plant comes with the page; every other screen when it is first gone to.
const AccessScreen = lazy(() => import("./screens/access/access-screen.tsx").then((it) => ({ default: it.AccessScreen })));
const AlarmsScreen = lazy(() => import("./screens/alarms/alarms-screen.tsx").then((it) => ({ default: it.AlarmsScreen })));
const ApprovalsScreen = lazy(() => import("./screens/approvals/approvals-screen.tsx").then((it) => ({ default: it.ApprovalsScreen })));
const AssetScreen = lazy(() => import("./screens/asset/asset-screen.tsx").then((it) => ({ default: it.AssetScreen })));
const AuditScreen = lazy(() => import("./screens/audit/audit-screen.tsx").then((it) => ({ default: it.AuditScreen })));
const AgentsScreen = lazy(() => import("./screens/crew/agents-screen.tsx").then((it) => ({ default: it.AgentsScreen })));
const BoardScreen = lazy(() => import("./screens/crew/board-screen.tsx").then((it) => ({ default: it.BoardScreen })));
const BudgetsScreen = lazy(() => import("./screens/budgets/budgets-screen.tsx").then((it) => ({ default: it.BudgetsScreen })));
const CaseScreen = lazy(() => import("./screens/case/case-screen.tsx").then((it) => ({ default: it.CaseScreen })));
const CasesScreen = lazy(() => import("./screens/cases/cases-screen.tsx").then((it) => ({ default: it.CasesScreen })));
const CompareScreen = lazy(() => import("./screens/compare/compare-screen.tsx").then((it) => ({ default: it.CompareScreen })));
const LettersScreen = lazy(() => import("./screens/crew/letters-screen.tsx").then((it) => ({ default: it.LettersScreen })));
const OutboxScreen = lazy(() => import("./screens/outbox/outbox-screen.tsx").then((it) => ({ default: it.OutboxScreen })));
const TryScreen = lazy(() => import("./screens/try/try-screen.tsx").then((it) => ({ default: it.TryScreen })));
const PeopleScreen = lazy(() => import("./screens/people/people-screen.tsx").then((it) => ({ default: it.PeopleScreen })));
const DaysScreen = lazy(() => import("./screens/system/days-screen.tsx").then((it) => ({ default: it.DaysScreen })));
const InspectionsScreen = lazy(() => import("./screens/system/inspections-screen.tsx").then((it) => ({ default: it.InspectionsScreen })));
const SettingsScreen = lazy(() => import("./screens/settings/settings-screen.tsx").then((it) => ({ default: it.SettingsScreen })));
const SignalScreen = lazy(() => import("./screens/signal/signal-screen.tsx").then((it) => ({ default: it.SignalScreen })));
const SystemScreen = lazy(() => import("./screens/system/system-screen.tsx").then((it) => ({ default: it.SystemScreen })));
const WorkScreen = lazy(() => import("./screens/crew/work-screen.tsx").then((it) => ({ default: it.WorkScreen })));

export function App() {
  const hash = useHash();
  const path = pathOf(hash);
  const route = parseRoute(hash);
  const past = useMoment();
  const [pastOpen, setPastOpen] = useState(false);
  const { asking } = useProgress();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  const waiting = usePlant().approvals?.length ?? 0;
  const title = `${waiting > 0 ? `(${waiting}) ` : ""}${titleOf(route)} · Millwright`;

  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    // A new place is announced and read from its top, as a new page would be.
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
    // The place alone: a filter that changes is read where one is.
  }, [path]);

  return (
    <>
      <a className="skip" href={hash === "" ? "#/plant" : hash} onClick={() => main.current?.focus()}>
        Skip to content
      </a>
      <TopBar route={route} openPast={() => setPastOpen(!pastOpen)} pastOpen={past !== null || pastOpen} />
      {(past !== null || pastOpen) && <MomentBar close={() => setPastOpen(false)} />}
      <Banners />
      <main ref={main} tabIndex={-1} aria-busy={past !== null && asking > 0}>
        <Mishap key={path}>
          <Suspense fallback={<Loading what="the page" />}>
            <Screen route={route} />
          </Suspense>
        </Mishap>
      </main>
    </>
  );
}

function Screen({ route }: { route: Route }) {
  switch (route.screen) {
    case "plant":
      return <PlantScreen />;
    case "cases":
      return <CasesScreen />;
    case "case":
      return <CaseScreen key={route.id} id={route.id} />;
    case "approvals":
      return <ApprovalsScreen />;
    case "asset":
      return <AssetScreen key={`${route.site}/${route.asset}`} site={route.site} id={route.asset} />;
    case "signal":
      return <SignalScreen key={`${route.site}/${route.signal}`} site={route.site} id={route.signal} />;
    case "alarms":
      return <AlarmsScreen />;
    case "outbox":
      return <OutboxScreen />;
    case "audit":
      return <AuditScreen key={route.stream ?? ""} stream={route.stream} />;
    case "system":
      return <SystemScreen />;
    case "people":
      return <PeopleScreen />;
    case "budgets":
      return <BudgetsScreen />;
    case "settings":
      return <SettingsScreen />;
    case "compare":
      return <CompareScreen />;
    case "try":
      return <TryScreen />;
    case "access":
      return <AccessScreen />;
    case "days":
      return <DaysScreen />;
    case "inspections":
      return <InspectionsScreen />;
    case "crew":
      return <AgentsScreen />;
    case "board":
      return <BoardScreen />;
    case "letters":
      return <LettersScreen />;
    case "work":
      return <WorkScreen />;
    default:
      return <Empty title="There is no such page">The address ends in {location.hash}. Choose a page from the menu.</Empty>;
  }
}

const TITLES: Record<Route["screen"], string> = {
  plant: "Plant", asset: "Machine", signal: "Signal", cases: "Cases", case: "Case", approvals: "Approve", alarms: "Alarms", outbox: "Outbox", audit: "Audit", system: "System", people: "People",
  access: "Access", days: "Days", inspections: "Inspections", budgets: "Budgets", settings: "Settings", compare: "Two times compared", try: "Try other rules", crew: "Crew", board: "Tasks", letters: "Letters", work: "Log", unknown: "Not found",
};

function titleOf(route: Route): string {
  return TITLES[route.screen];
}
