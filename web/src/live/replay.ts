// Playing the past: a step each while, but never before the page shows the step before.
import { useEffect, useRef, useState } from "react";
import { playedOn } from "../logic/moments.ts";
import { goToMoment, useMoment, useProgress } from "./moment.ts";

const STEP_MS = 1_200;

export interface Playing {
  playing: boolean;
  toggle: () => void;
  stop: () => void;
}

/** `speed` is how many times as fast as it was. */
export function usePlaying(speed: number, last: number): Playing {
  const past = useMoment();
  const { asking } = useProgress();
  const [playing, setPlaying] = useState(false);
  // The end moves on each second, and the step that is due must not begin anew with it.
  const end = useRef(last);
  useEffect(() => {
    end.current = last;
  }, [last]);
  const goesOn = playing && past !== null && asking === 0;
  useEffect(() => {
    if (!goesOn || past === null) return;
    const timer = setTimeout(() => {
      const next = playedOn(Date.parse(past), speed * STEP_MS, end.current);
      goToMoment(next);
      if (next === null) setPlaying(false);
    }, STEP_MS);
    return () => clearTimeout(timer);
  }, [goesOn, past, speed]);
  return { playing: playing && past !== null, toggle: () => setPlaying(!playing), stop: () => setPlaying(false) };
}
