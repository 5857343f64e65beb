// What must be known on every screen: values are old, time is not real time, nothing may act.
import { useConnection } from "../api/connection.ts";
import { useNow } from "../live/clock.ts";
import { usePlant } from "../live/plant.tsx";
import { clockTime, duration } from "../logic/format.ts";
import { href } from "../logic/route.ts";
import { actorName } from "../logic/words.ts";
import { When } from "../parts/when.tsx";

export function Banners() {
  const { plants } = usePlant();
  return (
    <div className="banners">
      <LostLink />
      <Refusal />
      {plants?.map(
        (plant) =>
          plant.killSwitch && (
            <p key={plant.site} className="banner stop" role="alert">
              <strong>Actions stopped on {plant.name}.</strong> {plant.killSwitch.reason} — {actorName(plant.killSwitch.by)},{" "}
              <When at={plant.killSwitch.at} title="Plant time" named />. <a href={href.system}>Release</a>
            </p>
          ),
      )}
      <Lapse />
    </div>
  );
}

function LostLink() {
  const { link, lostAt } = useConnection();
  const { lapse } = usePlant();
  const now = useNow();
  if (link !== "lost" || lostAt === null) return null;
  return (
    <p className="banner lost" role="alert">
      <strong>Reconnecting…</strong> What you see is as of {clockTime(lostAt)}
      {lapse !== null && " real time"}, {duration(now - lostAt)} ago. If it stays so, check that Millwright runs and that this device is on the network.
    </p>
  );
}

function Refusal() {
  const { refusal } = useConnection();
  if (refusal === null) return null;
  return (
    <p className="banner lost" role="alert">
      <strong>Not everything here is live.</strong> {refusal} Reload the page to see the present state.
    </p>
  );
}

function Lapse() {
  const { lapse } = usePlant();
  if (lapse === null) return null;
  return (
    <p className="banner lapse">
      <strong>Time runs {lapse} — demo.</strong> Approvals still expire by the real clock.
    </p>
  );
}
