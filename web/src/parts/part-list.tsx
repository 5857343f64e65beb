// Parts of the program, each with how it is and what it says of itself.
import type { SystemHealth } from "../api/queries.ts";
import { humanise } from "../logic/words.ts";

export function PartList({ parts }: { parts: SystemHealth["parts"] }) {
  return (
    <ul className="parts">
      {parts.map((part) => (
        <li key={part.name} className={part.ok ? "" : "bad"}>
          <strong>{humanise(part.name)}</strong>
          <span className="word">{part.ok ? "OK" : "Not OK"}</span>
          <span className="detail">{part.detail}</span>
        </li>
      ))}
    </ul>
  );
}
