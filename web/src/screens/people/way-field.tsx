// By which way somebody is known.
import { WAYS } from "../../logic/people.ts";
import { wayTitle } from "../../logic/ways.ts";

export function WayField({ way, set }: { way: string; set: (way: string) => void }) {
  return (
    <label className="field">
      <span className="label">By which way</span>
      <select value={way} onChange={(event) => set(event.target.value)}>
        {WAYS.map((known) => (
          <option key={known} value={known}>
            {wayTitle(known)}
          </option>
        ))}
      </select>
    </label>
  );
}
