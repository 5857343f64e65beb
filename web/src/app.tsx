// The frame around every screen: where one is, whether it is live, whether anything may act.
import { useEffect, useRef, useSyncExternalStore } from "react";
import { usePlant } from "./live/plant.tsx";
import { parseRoute, type Route } from "./logic/route.ts";
import { Empty } from "./parts/notice.tsx";
import { AlarmsScreen } from "./screens/alarms/alarms-screen.tsx";
import { AuditScreen } from "./screens/audit/audit-screen.tsx";
import { CaseScreen } from "./screens/case/case-screen.tsx";
import { CasesScreen } from "./screens/cases/cases-screen.tsx";
import { OutboxScreen } from "./screens/outbox/outbox-screen.tsx";
import { PeopleScreen } from "./screens/people/people-screen.tsx";
import { PlantScreen } from "./screens/plant/plant-screen.tsx";
import { DaysScreen } from "./screens/system/days-screen.tsx";
import { SystemScreen } from "./screens/system/system-screen.tsx";
import { Banners } from "./shell/banners.tsx";
import { TopBar } from "./shell/top-bar.tsx";

export function App() {
  const hash = useHash();
  const route = parseRoute(hash);
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
    // The hash alone says that the place changed.
  }, [hash]);

  return (
    <>
      <a className="skip" href={hash === "" ? "#/plant" : hash} onClick={() => main.current?.focus()}>
        Skip to content
      </a>
      <TopBar route={route} />
      <Banners />
      <main ref={main} tabIndex={-1}>
        <Screen route={route} />
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
    case "days":
      return <DaysScreen />;
    case "unknown":
      return <Empty title="There is no such page">The address ends in {route.hash}. Choose a page from the menu.</Empty>;
  }
}

const TITLES: Record<Route["screen"], string> = {
  plant: "Plant", cases: "Cases", case: "Case", alarms: "Alarms", outbox: "Outbox", audit: "Audit", system: "System", people: "People", days: "Days", unknown: "Not found",
};

function titleOf(route: Route): string {
  return TITLES[route.screen];
}

function useHash(): string {
  return useSyncExternalStore(
    (changed) => {
      window.addEventListener("hashchange", changed);
      return () => window.removeEventListener("hashchange", changed);
    },
    () => location.hash,
  );
}
