// The fields that cases are filtered by; each change is in the address at once.
import { useKnownCauses } from "../../live/causes.ts";
import { usePlant } from "../../live/plant.tsx";
import { type CaseFilter, UNKNOWN_CAUSE } from "../../logic/case-filter.ts";
import { humanise } from "../../logic/words.ts";

interface Props {
  filter: CaseFilter;
  change: (changes: Record<string, string | null>) => void;
}

export function FilterForm({ filter, change }: Props) {
  const { plants } = usePlant();
  const sites = plants ?? [];
  const assets = sites.filter((plant) => filter.site === null || plant.site === filter.site).flatMap((plant) => plant.assets);
  const causes = useKnownCauses(filter.cause === UNKNOWN_CAUSE ? null : filter.cause);
  return (
    <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span className="label">Find</span>
        <input type="search" value={filter.words} onChange={(event) => change({ find: event.target.value })} placeholder="machine, cause or stage" />
      </label>
      {sites.length > 1 && (
        <Choice name="Site" value={filter.site} none="every site" choose={(site) => change({ site, asset: null })}>
          {sites.map((plant) => [plant.site, plant.name])}
        </Choice>
      )}
      <Choice name="Machine" value={filter.asset} none="every machine" choose={(asset) => change({ asset })}>
        {assets.map((asset) => [asset.id, asset.name])}
      </Choice>
      <Choice name="Cause" value={filter.cause} none="every cause" choose={(cause) => change({ cause })}>
        {[...causes.map((cause): [string, string] => [cause, humanise(cause)]), [UNKNOWN_CAUSE, "not known yet"]]}
      </Choice>
      <Choice name="Show" value={filter.status} none="open and closed" choose={(status) => change({ status })}>
        {[
          ["OPEN", "open only"],
          ["CLOSED", "closed only"],
        ]}
      </Choice>
    </form>
  );
}

interface ChoiceProps {
  name: string;
  value: string | null;
  none: string;
  choose: (value: string | null) => void;
  children: readonly (readonly [string, string])[];
}

function Choice({ name, value, none, choose, children }: ChoiceProps) {
  return (
    <label>
      <span className="label">{name}</span>
      <select value={value ?? ""} onChange={(event) => choose(event.target.value || null)}>
        <option value="">{none}</option>
        {/* What an address names is shown even where nobody knows it. */}
        {value !== null && !children.some(([known]) => known === value) && <option value={value}>{value}</option>}
        {children.map(([known, text]) => (
          <option key={known} value={known}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
