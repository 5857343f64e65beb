// Where a place of the plant is seen in Grafana: the roster's address with the place and its time filled in.

export interface GrafanaPlace {
  site: string;
  asset?: string | undefined;
  signal?: string | undefined;
  /** Plant time in milliseconds; without it the dashboard shows its own latest stretch. */
  span?: { from: number; to: number } | undefined;
}

/** Null where there is no such address, or where it leads to no page. */
export function grafanaAddress(template: string | null | undefined, { site, asset, signal, span }: GrafanaPlace): string | null {
  if (!template || !/^https?:\/\//.test(template)) return null;
  const known: Record<string, string | undefined> = { site, asset, signal, from: span && String(Math.round(span.from)), to: span && String(Math.round(span.to)) };
  const filled = (part: string) => part.replace(PLACEHOLDER, (_, name: string) => encodeURIComponent(known[name] ?? ""));
  // Grafana takes an empty choice for one that nothing fits; what is not said must not stand there at all.
  const isSaid = (part: string) => [...part.matchAll(PLACEHOLDER)].every(([, name = ""]) => known[name] !== undefined);
  const [path = "", ...query] = template.split("?");
  const said = query.join("?").split("&").filter((part) => part !== "" && isSaid(part));
  return filled(said.length === 0 ? path : `${path}?${said.join("&")}`);
}

const PLACEHOLDER = /\{(site|asset|signal|from|to)\}/g;
