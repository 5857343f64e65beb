// What cases are filtered by, as it stands in the address. The server filters what is asked for, this what is pushed.

export interface CaseFilter {
  site: string | null;
  asset: string | null;
  status: "OPEN" | "CLOSED" | null;
  cause: string | null;
  words: string;
  /** Whether anything at all is left out. */
  any: boolean;
}

export const UNKNOWN_CAUSE = "unknown";

export function filterOf(params: URLSearchParams): CaseFilter {
  const said = (name: string) => params.get(name) || null;
  const status = said("status");
  const filter = {
    site: said("site"),
    asset: said("asset"),
    status: status === "OPEN" || status === "CLOSED" ? status : null,
    cause: said("cause"),
    words: params.get("find") ?? "",
  } as const;
  return { ...filter, any: Object.values(filter).some((value) => value !== null && value !== "") };
}

interface Row {
  site: string;
  assetId: string;
  stage: string;
  asset: { name: string } | null;
  diagnosis: { cause: string } | null;
  outcome: { outcome: string } | null;
}

/** For what was pushed, which nobody filtered before: as the server does, each word somewhere. */
export function passes(row: Row, { site, asset, cause, words }: CaseFilter): boolean {
  if (site !== null && row.site !== site) return false;
  if (asset !== null && row.assetId !== asset) return false;
  if (cause !== null && (row.diagnosis?.cause ?? UNKNOWN_CAUSE) !== cause) return false;
  const spoken = [row.assetId, row.asset?.name, row.diagnosis?.cause, row.stage, row.outcome?.outcome].join(" ").toLowerCase();
  return wordsOf(words).every((word) => spoken.includes(word));
}

/** Ids write `_` where people write a space. */
export function wordsOf(typed: string): string[] {
  return typed.toLowerCase().split(/[\s_]+/).filter((word) => word !== "");
}
