// A point in time, readable for people and exact for machines.
import { clockTime } from "../logic/format.ts";

export function When({ at, title }: { at: string | null | undefined; title?: string }) {
  if (at == null) return <span className="when">—</span>;
  return (
    <time className="when" dateTime={at} title={title ? `${title}: ${at}` : at}>
      {clockTime(at)}
    </time>
  );
}
