// The way to what Grafana shows of the same place, where the roster says that there is one.
import { usePlant } from "../live/plant.tsx";
import { usePlantTime } from "../live/values.ts";
import { type GrafanaPlace, grafanaAddress } from "../logic/grafana.ts";

/** As long as the dashboard shows by itself. */
const LATEST_MS = 3 * 3_600_000;

interface Props extends GrafanaPlace {
  /** What stands before it where it is one of several links. */
  before?: string;
  text: string;
}

export function GrafanaLink({ before, text, ...place }: Props) {
  const { plants, past, lapse } = usePlant();
  const plantTime = usePlantTime(place.site);
  const template = plants?.find((plant) => plant.site === place.site)?.links.grafana;
  // Grafana's now is the wall's: a past, and a plant whose clock runs ahead, are named by their own time.
  const then = (past === null && lapse === null) || plantTime === null ? undefined : { from: plantTime - LATEST_MS, to: plantTime };
  const address = grafanaAddress(template, { ...place, span: place.span ?? then });
  if (address === null) return null;
  return (
    <>
      {before}
      <a href={address} target="_blank" rel="noopener noreferrer">
        {text}
        <span className="unseen"> (opens in a new window)</span>
      </a>
    </>
  );
}
