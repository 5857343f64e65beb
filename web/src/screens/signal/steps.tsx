// Buttons for what fingers, wheel and keys do as well: how long a stretch, nearer, further, earlier, later, now.
import { STRETCHES } from "../../logic/zoom.ts";
import type { Looking } from "./use-view.ts";

export function Steps({ looking }: { looking: Looking }) {
  const length = looking.view.to - looking.view.from;
  return (
    <div className="stepping">
      <div className="segments" role="group" aria-label="The last">
        {STRETCHES.map(({ text, ms }) => (
          <button key={ms} type="button" aria-pressed={looking.following && Math.abs(length - ms) < ms / 100} onClick={() => looking.follow(ms)}>
            {text}
          </button>
        ))}
      </div>
      <div className="segments" role="group" aria-label="Through time">
        <button type="button" onClick={() => looking.move(-0.5)}>
          ‹ <span className="word">Earlier</span>
        </button>
        <button type="button" aria-label="Nearer" onClick={() => looking.zoom(0.5)}>
          +
        </button>
        <button type="button" aria-label="Further" onClick={() => looking.zoom(2)}>
          −
        </button>
        <button type="button" onClick={() => looking.move(0.5)}>
          <span className="word">Later</span> ›
        </button>
        <button type="button" aria-pressed={looking.following} onClick={() => looking.follow()}>
          Now
        </button>
      </div>
    </div>
  );
}
