// The way to the server: queries and mutations over HTTP, subscriptions over one WebSocket that mends itself.
import { type Client as Socket, createClient as createSocket } from "graphql-ws";
import { Client, fetchExchange, mapExchange, subscriptionExchange } from "urql";
import { noteServerTime } from "../live/clock.ts";
import { codeOf } from "../logic/refusal.ts";
import { FROM_PAGE } from "./access.ts";
import { connected, disconnected } from "./connection.ts";

const endpoint = new URL("/graphql", location.href);
const socketEndpoint = new URL("/graphql/ws", location.href);
socketEndpoint.protocol = socketEndpoint.protocol === "https:" ? "wss:" : "ws:";

const LONGEST_PAUSE_MS = 8_000;
const PONG_WITHIN_MS = 5_000;

export interface Connected {
  client: Client;
  end: () => void;
}

/** `signedOut` is told when nobody may be signed in any more: then it is to look. */
export function makeClient(signedOut: () => void): Connected {
  const socket = makeSocket(signedOut);
  const client = new Client({
    url: endpoint.href,
    preferGetMethod: false,
    requestPolicy: "network-only",
    fetch: fetchAndNoteTime,
    fetchOptions: { headers: FROM_PAGE },
    exchanges: [
      mapExchange({ onError: (error) => SIGNED_OUT.includes(codeOf(error) ?? "") && signedOut() }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query: request.query ?? "", variables: request.variables as Record<string, unknown> }, sink),
          }),
        }),
      }),
    ],
  });
  return { client, end: () => void socket.dispose() };
}

const SIGNED_OUT = ["NOT_SIGNED_IN", "MUST_CHANGE_PASSWORD"];

function makeSocket(signedOut: () => void): Socket {
  let awaitedPong: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const socket = createSocket({
    url: socketEndpoint.href,
    lazy: false,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    // Spread out, so that many pages do not all return in the same instant after a restart.
    retryWait: (tries) => pause(Math.min(500 * 2 ** tries, LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2)),
    // A half-open connection looks alive for minutes; an unanswered ping ends it.
    keepAlive: 10_000,
    // What closes for good is told below.
    onNonLazyError: () => {},
    on: {
      connected: () => connected(),
      closed: () => {
        clearTimeout(awaitedPong);
        if (ended) return;
        disconnected();
        // A browser is not told why it was not let in: perhaps nobody is signed in any more.
        signedOut();
      },
      ping: (received) => {
        if (!received) awaitedPong = setTimeout(() => socket.terminate(), PONG_WITHIN_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(awaitedPong);
      },
    },
  });
  const dispose = socket.dispose;
  return {
    ...socket,
    dispose: () => {
      ended = true;
      return dispose();
    },
  };
}

/** Approvals expire by the server's clock, so each answer's date tells us how far ours is off. */
async function fetchAndNoteTime(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const askedAt = Date.now();
  const response = await fetch(input, init);
  noteServerTime(response.headers.get("date"), askedAt, Date.now());
  return response;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
