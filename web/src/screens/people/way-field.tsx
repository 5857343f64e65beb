// By which way somebody is known.
import { wayTitle } from "../../logic/ways.ts";

export function WayField({ ways, way, set }: { ways: readonly string[]; way: string; set: (way: string) => void }) {
  return (
    <label className="field">
      <span className="label">By which way</span>
      <select value={way} onChange={(event) => set(event.target.value)}>
        {ways.map((known) => (
          <option key={known} value={known}>
            {wayTitle(known)}
          </option>
        ))}
      </select>
    </label>
  );
}
