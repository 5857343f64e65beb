// Addresses of files that the program makes for auditors.

export interface Wanted {
  partition: string | null;
  kind: string | null;
  actor: string | null;
  stream: string | null;
  from: string | null;
  to: string | null;
}

export function exportAddress(format: "jsonl" | "parquet", { partition, kind, actor, stream, from, to }: Wanted): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries({ partition, kind, actor, stream, from, to })) if (value !== null && value !== "") asked.set(name, value);
  asked.set("format", format);
  return `/audit/export?${asked}`;
}
