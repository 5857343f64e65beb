// The machine's alarms in the order in which they ask for a person; what may be done with one stands on the alarms' own screen.
import type { AssetAlarm, AssetDetail } from "../../api/asset.ts";
import { detectorText, isTold, STATES } from "../../logic/alarms.ts";
import { shortly, strongestFirst } from "../../logic/evidence.ts";
import { href } from "../../logic/route.ts";
import { signalLabel } from "../../logic/signals.ts";
import { SeverityMark } from "../../parts/severity.tsx";
import { When } from "../../parts/when.tsx";

export function AssetAlarms({ alarms, signals }: { alarms: readonly AssetAlarm[]; signals: AssetDetail["signals"] }) {
  const shown = STATES.flatMap(({ state, title }) => alarms.filter((alarm) => alarm.state === state).map((alarm) => ({ alarm, title })));
  return (
    <section className="panel" aria-labelledby="asset-alarms">
      <h2 id="asset-alarms">
        Alarms <a href={href.alarms}>all of the site</a>
      </h2>
      {shown.length === 0 && <p className="by">None was ever raised here.</p>}
      <ul className="assetalarms">
        {shown.map(({ alarm, title }) => (
          <li key={alarm.detector}>
            <SeverityMark severity={alarm.severity} told={isTold(alarm.state) ? (alarm.state === "UNACKNOWLEDGED" ? "loud" : "seen") : "quiet"} />
            <div>
              <p>
                <strong>{detectorText(alarm.detector).name}</strong> <span className="feature">{title}</span>
              </p>
              <p className="feature">
                {strongestFirst(alarm.evidence).slice(0, 2).map((item) => `${signalLabel(item.signal, item.kind, signals)} ${shortly(item, alarm.detector)}`).join(" · ")}
                {alarm.evidence.length > 0 && "; "}raised <When at={alarm.raisedAt} title="Plant time" named />
                {alarm.raised > 1 && `, ${alarm.raised} times in all`}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
