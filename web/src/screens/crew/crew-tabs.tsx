// The pages about the crew: who is on it, what there is to do, what they write to each other, all that was done.
import { href } from "../../logic/route.ts";
import { Clocks } from "../../parts/when.tsx";

const PAGES = [
  { screen: "crew", to: href.crew, text: "Agents" },
  { screen: "board", to: href.board, text: "Tasks" },
  { screen: "letters", to: href.letters, text: "Letters" },
  { screen: "work", to: href.work, text: "Log" },
] as const;

export function CrewTabs({ here }: { here: (typeof PAGES)[number]["screen"] }) {
  return (
    <>
      <nav className="subtabs" aria-label="Crew">
        {PAGES.map(({ screen, to, text }) => (
          <a key={screen} href={to} aria-current={screen === here ? "page" : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <Clocks says="The crew works by people's clock: times here are real time. What words quote of the plant may be plant time." />
    </>
  );
}
