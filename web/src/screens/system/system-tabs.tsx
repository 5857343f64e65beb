// The pages about the house itself: its parts, the people whom it reaches and what they may do, what days and calls came to, how it is set.
import { href } from "../../logic/route.ts";

const PAGES = [
  { screen: "system", to: href.system, text: "Parts" },
  { screen: "people", to: href.people, text: "People" },
  { screen: "access", to: href.access, text: "Access" },
  { screen: "days", to: href.days, text: "Days" },
  { screen: "inspections", to: href.inspections, text: "Inspections" },
  { screen: "budgets", to: href.budgets, text: "Budgets" },
  { screen: "settings", to: href.settings, text: "Settings" },
  { screen: "compare", to: href.compare, text: "Compare" },
  { screen: "try", to: href.try, text: "Try rules" },
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
