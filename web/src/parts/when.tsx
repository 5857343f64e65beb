// A point in time, readable for people and exact for machines.
import { useLapse } from "../live/plant.tsx";
import { clockWord } from "../logic/clocks.ts";
import { clockTime } from "../logic/format.ts";

interface Props {
  at: string | null | undefined;
  title?: string;
  /** Times of both clocks stand here: where they differ, this one says which it is of. */
  named?: boolean;
}

export function When({ at, title, named = false }: Props) {
  if (at == null) return <span className="when">—</span>;
  return (
    <>
      <time className="when" dateTime={at} title={title ? `${title}: ${at}` : at}>
        {clockTime(at)}
      </time>
      {named && <OfClock title={title} />}
    </>
  );
}

function OfClock({ title }: { title: string | undefined }) {
  const word = clockWord(title);
  return useLapse() === null || word === null ? null : <span className="ofclock"> {word}</span>;
}

/** One line for a whole list of times; nothing where there is only one clock. */
export function Clocks({ says }: { says: string }) {
  return useLapse() === null ? null : <p className="by clocks">{says}</p>;
}
