// The slider itself, with the facts of weight as marks on it.
import { useEffect, useMemo, useRef, useState } from "react";
import { clockTime } from "../logic/format.ts";
import { type Moment, type MomentKind, placeOf, type Stretch } from "../logic/moments.ts";

interface Props {
  stretch: Stretch;
  at: number;
  moments: readonly Moment[];
  go: (at: number) => void;
}

/** While it is drawn, the past is not asked for at every step. */
const SETTLED_MS = 220;
const PARTS = 2_000;

const SHAPES: Record<MomentKind, string> = {
  alert: "M0-5L5 4H-5z",
  ask: "M0-5L5 0 0 5-5 0z",
  action: "M-3-5L5 0-3 5z",
  outcome: "M0-4.5A4.5 4.5 0 1 1-.01-4.5z",
  stop: "M-4-4H4V4H-4z",
};

export function MomentTrack({ stretch, at, moments, go }: Props) {
  const [drawn, setDrawn] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const step = Math.max(1_000, (stretch.last - stretch.first) / PARTS);
  const draw = (to: number) => {
    setDrawn(to);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setDrawn(null);
      // The end of the track is now.
      go(stretch.last - to < step ? stretch.last : to);
    }, SETTLED_MS);
  };
  const { first, last } = stretch;
  const span = last - first;
  // The present moves on each second; the marks need not.
  const marks = useMemo(() => moments.flatMap((moment) => ({ moment, place: placeOf({ first, last }, moment.at) })), [moments, first, Math.round(span / step)]);
  const shown = drawn ?? at;
  return (
    <div className="momenttrack">
      <svg aria-hidden="true" className="momentmarks">
        {marks.map(({ moment, place }) =>
          place === null ? null : (
            <svg key={moment.id} x={`${place * 100}%`} overflow="visible">
              <path className={moment.kind} transform="translate(0 8)" d={SHAPES[moment.kind]}>
                <title>{`${clockTime(moment.at)} ${moment.summary}`}</title>
              </path>
            </svg>
          ),
        )}
      </svg>
      <input
        type="range"
        aria-label="Time that the page shows"
        aria-valuetext={clockTime(shown)}
        min={first}
        max={last}
        step={step}
        value={shown}
        onChange={(event) => draw(Number(event.target.value))}
      />
      <div className="momentends" aria-hidden="true">
        <span>{clockTime(first)}</span>
        {drawn !== null && <strong>{clockTime(drawn)}</strong>}
        <span>now</span>
      </div>
    </div>
  );
}
