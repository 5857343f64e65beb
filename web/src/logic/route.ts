// The page's places, as hashes: they work from any path and can be sent to a colleague. What a screen filters by stands behind a `?`.

export type Route =
  | { screen: "plant" | "cases" | "approvals" | "alarms" | "outbox" | "people" | "access" | "days" | "inspections" | "system" | "budgets" | "settings" | "compare" | "try" | "crew" | "board" | "letters" | "work" }
  | { screen: "asset"; site: string; asset: string }
  | { screen: "signal"; site: string; signal: string }
  | { screen: "case"; id: string }
  | { screen: "audit"; stream: string | null }
  | { screen: "unknown"; hash: string };

export function parseRoute(hash: string): Route {
  const [screen = "", first = "", ...rest] = pathOf(hash).replace(/^#\/?/, "").split("/").map(decoded);
  const argument = [first, ...rest].join("/");
  switch (screen) {
    case "":
    case "plant":
      return { screen: "plant" };
    case "cases":
      return argument === "" ? { screen: "cases" } : { screen: "case", id: argument };
    case "asset":
      return rest.length === 0 ? { screen: "unknown", hash } : { screen, site: first, asset: rest.join("/") };
    case "signal":
      return rest.length === 0 ? { screen: "unknown", hash } : { screen, site: first, signal: rest.join("/") };
    case "approvals":
    case "alarms":
    case "outbox":
    case "people":
    case "access":
    case "days":
    case "inspections":
    case "system":
    case "budgets":
    case "settings":
    case "compare":
    case "try":
    case "crew":
    case "board":
    case "letters":
    case "work":
      return { screen };
    case "audit":
      return { screen: "audit", stream: argument === "" ? null : argument };
    default:
      return { screen: "unknown", hash };
  }
}

/** Whether something of the kind can exist: cases are named by UUIDs, and the server reads nothing else as one. */
export function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i.test(id);
}

/** The place alone: what it is filtered by makes no other place of it. */
export function pathOf(hash: string): string {
  return hash.split("?", 1)[0] ?? "";
}

export function paramsOf(hash: string): URLSearchParams {
  const start = hash.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : hash.slice(start + 1));
}

/** The same place with some of its parameters changed; null takes one away. */
export function withParams(hash: string, changes: Record<string, string | null>): string {
  const params = paramsOf(hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") params.delete(name);
    else params.set(name, value);
  }
  const path = pathOf(hash) || "#/plant";
  return params.size === 0 ? path : `${path}?${params}`;
}

export const href = {
  plant: "#/plant",
  cases: "#/cases",
  approvals: "#/approvals",
  alarms: "#/alarms",
  outbox: "#/outbox",
  people: "#/people",
  access: "#/access",
  days: "#/days",
  inspections: "#/inspections",
  audit: "#/audit",
  system: "#/system",
  budgets: "#/budgets",
  settings: "#/settings",
  compare: "#/compare",
  try: "#/try",
  crew: "#/crew",
  board: "#/board",
  letters: "#/letters",
  work: "#/work",
  workOf: (agent: string) => withParams("#/work", { agent }),
  case: (id: string) => `#/cases/${encodeURIComponent(id)}`,
  casesOf: (site: string, asset: string) => withParams("#/cases", { site, asset }),
  task: (id: string) => withParams("#/board", { task: id }),
  asset: (site: string, asset: string) => `#/asset/${encodeURIComponent(site)}/${encoded(asset)}`,
  signal: (site: string, signal: string) => `#/signal/${encodeURIComponent(site)}/${encoded(signal)}`,
  auditOf: (stream: string) => `#/audit/${encoded(stream)}`,
} as const;

function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
