// A trial under way: listened to until its report, or until one stops it.
import { useCallback, useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { type TrialStep, TryRules } from "../../api/trial.ts";
import { problemOf } from "../../logic/problem.ts";

export interface Wish {
  site: string;
  rules: string | null;
  policy: string | null;
  from: string | null;
}

export interface Trial {
  step: TrialStep | null;
  running: boolean;
  problem: string | null;
  start: (wish: Wish) => void;
  stop: () => void;
}

export function useTrial(): Trial {
  const client = useClient();
  const end = useRef<() => void>(undefined);
  const [state, setState] = useState<Pick<Trial, "step" | "running" | "problem">>({ step: null, running: false, problem: null });
  const stop = useCallback(() => {
    end.current?.();
    end.current = undefined;
    setState((before) => ({ ...before, running: false }));
  }, []);
  const start = useCallback(
    (wish: Wish) => {
      end.current?.();
      setState({ step: null, running: true, problem: null });
      const heard = client.subscription(TryRules, wish).subscribe((result) => {
        const step = result.data?.tryRules ?? null;
        if (result.error) setState({ step: null, running: false, problem: problemOf(result.error) });
        else if (step) setState({ step, running: step.report === null, problem: null });
      });
      end.current = heard.unsubscribe;
    },
    [client],
  );
  useEffect(() => () => end.current?.(), []);
  return { ...state, start, stop };
}
