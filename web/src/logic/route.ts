// The page's places, as hashes: they work from any path and can be sent to a colleague.

export type Route =
  | { screen: "plant" }
  | { screen: "cases" }
  | { screen: "case"; id: string }
  | { screen: "alarms" }
  | { screen: "outbox" }
  | { screen: "people" }
  | { screen: "days" }
  | { screen: "audit"; stream: string | null }
  | { screen: "system" }
  | { screen: "unknown"; hash: string };

export function parseRoute(hash: string): Route {
  const [screen = "", ...rest] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const argument = rest.join("/");
  switch (screen) {
    case "":
    case "plant":
      return { screen: "plant" };
    case "cases":
      return argument === "" ? { screen: "cases" } : { screen: "case", id: argument };
    case "alarms":
    case "outbox":
    case "people":
    case "days":
    case "system":
      return { screen };
    case "audit":
      return { screen: "audit", stream: argument === "" ? null : argument };
    default:
      return { screen: "unknown", hash };
  }
}

export const href = {
  plant: "#/plant",
  cases: "#/cases",
  alarms: "#/alarms",
  outbox: "#/outbox",
  people: "#/people",
  days: "#/days",
  audit: "#/audit",
  system: "#/system",
  case: (id: string) => `#/cases/${encodeURIComponent(id)}`,
  auditOf: (stream: string) => `#/audit/${stream.split("/").map(encodeURIComponent).join("/")}`,
} as const;

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
