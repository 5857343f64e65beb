// The top bar, and on a phone the tabs at the thumb: places, link state, plant clock, kill switch.
import type { ReactNode } from "react";
import { useConnection } from "../api/connection.ts";
import { useAccess } from "../live/access.tsx";
import { useLetters } from "../live/letters.tsx";
import { useMoment } from "../live/moment.ts";
import { usePlantTime } from "../live/values.ts";
import { usePlant } from "../live/plant.tsx";
import { clockTime } from "../logic/format.ts";
import { href, type Route } from "../logic/route.ts";

interface Props {
  route: Route;
  openPast: () => void;
  pastOpen: boolean;
}

export function TopBar({ route, openPast, pastOpen }: Props) {
  return (
    <header className="top">
      <a className="brand" href={href.plant} aria-label="Millwright, plant overview">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M2 19h7l3-11 5 17 4-11 2 5h7" />
        </svg>
        <span>Millwright</span>
      </a>
      <Tabs route={route} />
      <div className="state">
        <WhoAmI />
        <PlantClock />
        <button type="button" className="past-open quiet" aria-expanded={pastOpen} aria-label="Look at the past" title="Look at the past" onClick={openPast}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 7.5V12l3 2" />
          </svg>
        </button>
        <LinkState />
      </div>
    </header>
  );
}

const HOUSE: ReadonlySet<string> = new Set(["system", "people", "access", "days", "inspections", "budgets", "settings", "compare", "try"]);

const CREW: ReadonlySet<string> = new Set(["crew", "board", "letters", "work"]);

const ICONS = {
  plant: "M3 21V10l6 4v-4l6 4V4h6v17z",
  cases: "M4 4h11l5 5v11H4zM8 13h8M8 17h5",
  approvals: "M12 3l9 9-9 9-9-9zM8.5 12l2.5 2.5 4.5-5",
  alarms: "M6 17v-6a6 6 0 0 1 12 0v6l2 2H4zM10 22h4",
  outbox: "M3 13l3-9h12l3 9v7H3zM3 13h5l1.5 3h5L16 13h5",
  crew: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM16 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM2.5 20a5.5 5.5 0 0 1 11 0M14.5 15.2a4.5 4.5 0 0 1 7 4.3",
  audit: "M5 5h14M5 10h14M5 15h14M5 20h9",
  system: "M4 18a8 8 0 1 1 16 0M12 18l4-6",
};

function Tabs({ route }: { route: Route }) {
  const { approvals } = usePlant();
  const waiting = approvals?.length ?? 0;
  const letters = useLetters().data?.deadLetters.length ?? 0;
  return (
    <nav className="tabs" aria-label="Pages">
      <Tab to={href.plant} icon={ICONS.plant} here={route.screen === "plant" || route.screen === "asset" || route.screen === "signal"}>
        Plant
      </Tab>
      <Tab to={href.cases} icon={ICONS.cases} here={route.screen === "cases" || route.screen === "case"}>
        Cases
      </Tab>
      <Tab to={href.approvals} icon={ICONS.approvals} here={route.screen === "approvals"}>
        Approve
        <Badge count={waiting} says="waiting for approval" />
      </Tab>
      <Tab to={href.alarms} icon={ICONS.alarms} here={route.screen === "alarms"}>
        Alarms
      </Tab>
      <Tab to={href.outbox} icon={ICONS.outbox} here={route.screen === "outbox"}>
        Outbox
        <Badge count={letters} says="undelivered" />
      </Tab>
      <Tab to={href.crew} icon={ICONS.crew} here={CREW.has(route.screen)}>
        Crew
      </Tab>
      <Tab to={href.audit} icon={ICONS.audit} here={route.screen === "audit"}>
        Audit
      </Tab>
      <Tab to={href.system} icon={ICONS.system} here={HOUSE.has(route.screen)}>
        System
      </Tab>
    </nav>
  );
}

function Badge({ count, says }: { count: number; says: string }) {
  if (count === 0) return null;
  return (
    <span className="badge">
      {count}
      <span className="unseen"> {says}</span>
    </span>
  );
}

function Tab({ to, icon, here, children }: { to: string; icon: string; here: boolean; children: ReactNode }) {
  return (
    <a href={to} aria-current={here ? "page" : undefined}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={icon} />
      </svg>
      <span>{children}</span>
    </a>
  );
}

function WhoAmI() {
  const { signed } = useAccess();
  const name = signed.name ?? signed.person;
  if (signed.mode === "local" || name === null) return null;
  return (
    <a className="whoami" href={href.access}>
      <span className="unseen">Signed in as </span>
      {name}
    </a>
  );
}

function PlantClock() {
  const { plants, lapse } = usePlant();
  const at = usePlantTime(plants?.[0]?.site);
  if (at === null) return null;
  return (
    <span className="clock" title="Time of the newest reading, by the plant's clock">
      <span className="label">Plant time</span>
      <time dateTime={new Date(at).toISOString()}>{clockTime(at, at)}</time>
      {lapse !== null && <span className="lapse">{lapse}</span>}
    </span>
  );
}

function LinkState() {
  const { link } = useConnection();
  const past = useMoment() !== null;
  if (past) return <span className="link past">Past</span>;
  const text = { connecting: "Connecting", live: "Live", lost: "Reconnecting" }[link];
  return (
    <span className={`link ${link}`} role="status">
      <i aria-hidden="true" />
      <span>{text}</span>
    </span>
  );
}
