// The bar that leads the whole page through the past: where one is, facts of weight on the way, play and steps, and back to now.
import { useMemo, useState } from "react";
import { LogExtentQuery, WeightyQuery } from "../api/time.ts";
import { useAsked } from "../api/use-asked.ts";
import { useNow } from "../live/clock.ts";
import { goToMoment, useMoment, useProgress } from "../live/moment.ts";
import { useLapse } from "../live/plant.tsx";
import { usePlaying } from "../live/replay.ts";
import { clockTime, duration } from "../logic/format.ts";
import { fieldOf, lastMoment, marksOf, type Moment, nextMoment, ofField, type Stretch, within } from "../logic/moments.ts";
import { href, withParams } from "../logic/route.ts";
import { Problem } from "../parts/notice.tsx";
import { MomentTrack } from "./moment-track.tsx";

const MOST_FACTS = 100;
const SPEEDS = [1, 10, 60, 600, 3_600];
const STRETCHES = [
  [0, "the whole log"],
  [86_400_000, "the last day"],
  [3_600_000, "the last hour"],
] as const;

export function MomentBar({ close }: { close: () => void }) {
  const asked = useAsked(LogExtentQuery, {});
  const extent = asked.data?.logExtent;
  if (asked.problem) return <Problem text={asked.problem} retry={asked.refresh} />;
  if (!extent) return <p className="momentbar loading">Reading which times there are…</p>;
  if (extent.first === null || extent.last === null) return <p className="momentbar">There is no past yet: nothing has been recorded.</p>;
  return <Bar first={Date.parse(extent.first)} facts={extent.facts} close={close} />;
}

function Bar({ first, facts, close }: { first: number; facts: number; close: () => void }) {
  const past = useMoment();
  // The slider goes through the log, which is written in people's time.
  const clock = useLapse() === null ? "" : " real time";
  const now = useNow();
  const weighty = useAsked(WeightyQuery, { first: MOST_FACTS });
  const { moments, since } = useMemo(() => marksOf(weighty.data ? Object.values(weighty.data) : []), [weighty.data]);
  const [reach, setReach] = useState<number>(0);
  const [speed, setSpeed] = useState(60);
  const playing = usePlaying(speed, now);
  const at = past === null ? now : Date.parse(past);
  const stretch: Stretch = { first: reach === 0 ? first : Math.max(first, Math.min(now - reach, at)), last: now };
  const go = (to: number | null) => {
    playing.stop();
    goToMoment(to === null || to >= now ? null : within({ first, last: now }, to));
  };
  const isMarked = since === null || at >= since;
  const [before, after] = isMarked ? [lastMoment(moments, at), nextMoment(moments, at)] : [null, null];
  const compareWithNow = (from: string) => {
    go(null);
    location.hash = withParams(href.compare, { from });
  };
  const leave = () => {
    go(null);
    close();
  };
  return (
    <section className={past === null ? "momentbar" : "momentbar past"} aria-label="Through the past">
      <p className="momentsays">
        {past === null ? (
          <span>
            <strong>This is now.</strong> Draw the slider back to see everything as it was; {facts.toLocaleString("en")} {facts === 1 ? "fact is" : "facts are"} on the log.
          </span>
        ) : (
          <span>
            <strong>
              You look at {clockTime(at)}
              {clock}
            </strong>
            , {duration(now - at)} ago. Nothing can be changed here.
          </span>
        )}
        <Going />
      </p>
      <MomentTrack stretch={stretch} at={at} moments={moments} go={go} />
      <div className="momentsteps">
        <Step text="Last fact of weight" sign={SIGNS.back} to={before} go={go} />
        <button type="button" aria-label={playing.playing ? "Pause" : "Play"} disabled={past === null} onClick={playing.toggle}>
          <Sign path={playing.playing ? SIGNS.pause : SIGNS.play} />
        </button>
        <Step text="Next fact of weight" sign={SIGNS.on} to={after} go={go} />
        <label>
          <span className="unseen">Speed</span>
          <select value={speed} onChange={(event) => setSpeed(Number(event.target.value))}>
            {SPEEDS.map((times) => (
              <option key={times} value={times}>
                {times}×
              </option>
            ))}
          </select>
        </label>
        <details className="momentmore" open={matchMedia("(min-width: 720px)").matches}>
          <summary>More</summary>
          <label>
            <span className="unseen">The slider reaches over</span>
            <select value={reach} onChange={(event) => setReach(Number(event.target.value))}>
              {STRETCHES.map(([ms, text]) => (
                <option key={ms} value={ms}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="unseen">Time that is looked at</span>
            <input type="datetime-local" step={1} value={fieldOf(at)} min={fieldOf(first)} max={fieldOf(now)} onChange={(event) => go(ofField(event.target.value))} />
          </label>
          {past !== null && (
            <button type="button" className="link" onClick={() => compareWithNow(past)}>
              Compare with now
            </button>
          )}
        </details>
        <button type="button" className="now" onClick={leave}>
          {past === null ? "Close" : "Back to now"}
        </button>
      </div>
      {since !== null && (
        <p className="by">
          Facts of weight are marked, and stepped through, from {clockTime(since)}{clock} on. What was before is in the <a href={href.audit}>audit</a>.
        </p>
      )}
      {weighty.problem && <p className="warn">{weighty.problem}</p>}
    </section>
  );
}

const SIGNS = { back: "M6 5v14M19 5L9 12l10 7z", play: "M7 4l13 8-13 8z", pause: "M7 5h3v14H7zM14 5h3v14h-3z", on: "M18 5v14M5 5l10 7-10 7z" };

function Sign({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

function Step({ text, sign, to, go }: { text: string; sign: string; to: Moment | null; go: (at: number) => void }) {
  return (
    <button type="button" aria-label={text} title={to?.summary ?? `${text}: there is none`} disabled={to === null} onClick={() => to && go(to.at)}>
      <Sign path={sign} />
    </button>
  );
}

/** How far the past that was asked for has been read. */
function Going() {
  const { asking, replaying } = useProgress();
  return (
    <span className="going" role="status">
      {asking > 0 && "Reading what was… "}
      {replaying !== null && (
        <>
          <progress max={Math.max(1, replaying.of)} value={replaying.done} aria-label="Facts replayed" /> {replaying.done.toLocaleString("en")} of {replaying.of.toLocaleString("en")} facts replayed
          {replaying.etaS !== null && `, about ${duration(replaying.etaS * 1_000)} left`}
        </>
      )}
    </span>
  );
}
