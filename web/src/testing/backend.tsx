// A backend for tests of screens: answers by the name of the operation, keeps what was asked, and pushes when the test says so.
import { act, cleanup, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { Client, fetchExchange, Provider, subscriptionExchange } from "urql";
import { connected } from "../api/connection.ts";
import { PlantProvider } from "../live/plant.tsx";
import { forget } from "../live/values.ts";

type Variables = Record<string, unknown>;
type Answer = (variables: Variables) => object;

interface Sink {
  next: (result: { data: object } | { errors: { message: string }[] }) => void;
}

export interface Backend {
  /** What was asked, by operation, in order. */
  asked: { name: string; variables: Variables }[];
  /** Later answers stand in the place of earlier ones; null is a server that cannot be reached. */
  answer: (name: string, answer: Answer | null) => void;
  /** To whoever listens, as soon as somebody does. */
  push: (name: string, data: object) => Promise<void>;
  /** Likewise: what listens is told that nothing will be pushed. */
  refuse: (name: string, message: string) => Promise<void>;
}

const QUIET: Record<string, Answer> = {
  Plants: () => ({ plants: [plantOf()] }),
  Stand: () => ({ health: { position: "ledger/demo:7", parts: [] } }),
  Figures: () => ({ figures: { position: "ledger/demo:7", openCases: 0, waitingApprovals: 0, openTasks: 0, tasksInReview: 0 } }),
};

const TRIES = 200;

/** Shows a screen inside of all that the page has around it. */
export function show(screen: ReactNode, answers: Record<string, Answer | null> = {}): Backend {
  const known = new Map<string, Answer | null>(Object.entries({ ...QUIET, ...answers }));
  const asked: Backend["asked"] = [];
  const sinks = new Map<string, Sink>();
  const client = new Client({
    url: "http://localhost:3000/graphql",
    preferGetMethod: false,
    requestPolicy: "network-only",
    fetch: async (_, init) => {
      const { operationName, variables } = JSON.parse(String(init?.body)) as { operationName: string; variables: Variables };
      asked.push({ name: operationName, variables });
      const answer = known.get(operationName);
      if (!answer) throw new TypeError("connection refused");
      return new Response(JSON.stringify({ data: answer(variables) }), { headers: { "content-type": "application/json" } });
    },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query }) => ({
          subscribe: (sink) => {
            const name = /subscription (\w+)/.exec(query ?? "")?.[1] ?? "";
            sinks.set(name, sink as Sink);
            return { unsubscribe: () => void (sinks.get(name) === sink && sinks.delete(name)) };
          },
        }),
      }),
    ],
  });
  const tell = async (name: string, result: Parameters<Sink["next"]>[0]) => {
    for (let tries = 0; !sinks.has(name) && tries < TRIES; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    const sink = sinks.get(name);
    if (!sink) throw new Error(`nobody listens to ${name}`);
    act(() => sink.next(result));
  };
  connected();
  render(
    <Provider value={client}>
      <PlantProvider>{screen}</PlantProvider>
    </Provider>,
  );
  return {
    asked,
    answer: (name, answer) => void known.set(name, answer),
    push: (name, data) => tell(name, { data }),
    refuse: (name, message) => tell(name, { errors: [{ message }] }),
  };
}

/** After each test. */
export function leave(): void {
  cleanup();
  forget();
  history.replaceState(null, "", "/");
}

export const T0 = "2026-01-15T08:00:00Z";

export function plantOf(more: object = {}): object {
  return {
    site: "demo", name: "Waterworks", source: "LIVE", killSwitch: null, links: { grafana: null },
    assets: [{
      id: "pump-1", site: "demo", name: "Pump P-1", area: "Intake", line: "Line 1", cell: "Cell 1", class: "pump", vendor: "Norvik",
      relearning: { proposed: false, canBeTakenBack: false, changedBy: null, changedAt: null },
      signals: [{
        id: "pump-1/pressure", device: "plc-1", kind: "pressure", unit: "bar", range: null, writable: null, threshold: null,
        latest: { signal: "pump-1/pressure", at: T0, receivedAt: T0, value: 5, quality: "GOOD" }, baseline: { mean: 5, std: 0.5 },
      }],
      health: {
        site: "demo", asset: "pump-1", state: "OK", openCases: 0, worstSeverity: null, lastAlertAt: null, lockedOut: null,
        closedCases: 0, repaired: 0, falseAlarms: 0, lastOutcome: null, lastOutcomeAt: null,
      },
      openCases: [],
    }],
    ...more,
  };
}

export function caseOf(id: string, more: object = {}): object {
  return {
    id, site: "demo", assetId: "pump-1", status: "OPEN", stage: "diagnosed", openedAt: T0, closedAt: null, changedAt: T0, alerts: 1, severity: "HIGH", onlyLate: false,
    asset: { id: "pump-1", name: `Pump of ${id}`, area: "Intake", line: "Line 1", health: null }, diagnosis: { cause: "bearing_wear", confidence: 0.87 }, evidence: [], outcome: null, actions: [], ...more,
  };
}
