// The conversation of the crew: what somebody has to acknowledge first, then everything that was written, as it is written.
import { CrewTabs } from "./crew-tabs.tsx";
import { Letters } from "./letters.tsx";

export function LettersScreen() {
  return (
    <>
      <header className="pagehead">
        <h1>Letters</h1>
      </header>
      <CrewTabs here="letters" />
      <Letters caseId={null} />
    </>
  );
}
