// The three pages about the house itself: its parts, the people whom it reaches, what the days came to.
import { href } from "../../logic/route.ts";

const PAGES = [
  { screen: "system", to: href.system, text: "Parts" },
  { screen: "people", to: href.people, text: "People" },
  { screen: "days", to: href.days, text: "Days" },
] as const;

export function SystemTabs({ here }: { here: (typeof PAGES)[number]["screen"] }) {
  return (
    <nav className="subtabs" aria-label="System">
      {PAGES.map(({ screen, to, text }) => (
        <a key={screen} href={to} aria-current={screen === here ? "page" : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}
