// What left for the device, byte by byte, for whoever compares it with a trace.
import type { Action } from "../../api/fragments.ts";
import { bytesOf } from "../../logic/bytes.ts";

export function Sent({ action }: { action: Action }) {
  if (action.sent === null || action.sent === "") return null;
  const bytes = bytesOf(action.sent);
  return (
    <details className="sent">
      <summary>What was sent{bytes.count === "" ? "" : `: ${bytes.count}`}</summary>
      <pre>{bytes.pairs}</pre>
      {action.write && <p className="by">To {action.write.device}, as they left.</p>}
    </details>
  );
}
