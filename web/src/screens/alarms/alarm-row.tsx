// One alarm: how bad, on which machine, what was seen, since when, and what a person may do with it.
import type { Alarm } from "../../api/alarms.ts";
import type { Answered } from "../../api/fragments.ts";
import type { Plant } from "../../api/queries.ts";
import { serverNow, useNow } from "../../live/clock.ts";
import { usePlant } from "../../live/plant.tsx";
import { usePlantTime } from "../../live/values.ts";
import { alarmKey, detectorText, isTold } from "../../logic/alarms.ts";
import { openCasesOf } from "../../logic/cases.ts";
import { distinct, shortly, strongestFirst } from "../../logic/evidence.ts";
import { about } from "../../logic/forecast.ts";
import { href } from "../../logic/route.ts";
import { signalLabel } from "../../logic/signals.ts";
import { actorName, plural } from "../../logic/words.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { SeverityMark } from "../../parts/severity.tsx";
import { When } from "../../parts/when.tsx";
import { AlarmDeeds } from "./alarm-deeds.tsx";

interface Props {
  alarm: Alarm;
  plant: Plant;
  tell: (answered: Answered | null, words: string) => void;
}

const MOST_FIGURES = 3;

export function AlarmRow({ alarm, plant, tell }: Props) {
  const { changed } = usePlant();
  const asset = plant.assets.find((known) => known.id === alarm.asset);
  const detector = detectorText(alarm.detector);
  const machine = asset?.name ?? alarm.asset;
  const figures = distinct(strongestFirst(alarm.evidence)).slice(0, MOST_FIGURES);
  const [open] = asset && isTold(alarm.state) ? openCasesOf(asset, changed) : [];
  return (
    <li className="alarm" data-state={alarm.state} data-key={alarmKey(alarm)}>
      <SeverityMark severity={alarm.severity} told={isTold(alarm.state) ? (alarm.state === "UNACKNOWLEDGED" ? "loud" : "seen") : "quiet"} />
      <div className="what">
        <p>
          <strong>
            {machine}: {detector.name}
          </strong>
          {detector.saw && <span className="saw"> — {detector.saw}</span>}
        </p>
        {figures.length > 0 && (
          <p className="feature">
            {/* Not followed since: how it stands now is on its machine. */}
            {isTold(alarm.state) && "When it was told: "}
            {figures.map(({ item }) => `${signalLabel(item.signal, item.kind, asset?.signals ?? [])} ${shortly(item, alarm.detector)}`).join(" · ")}
          </p>
        )}
        <Since alarm={alarm} />
        <Silenced alarm={alarm} />
        {open && (
          <p className="feature">
            <a href={href.case(open.id)}>See its case</a>
          </p>
        )}
      </div>
      <Deeds quiet>
        <AlarmDeeds alarm={alarm} name={`${detector.name} of ${machine}`} tell={tell} />
      </Deeds>
    </li>
  );
}

function Since({ alarm }: { alarm: Alarm }) {
  const now = usePlantTime(alarm.site);
  if (alarm.raisedAt === null) return null;
  const age = now === null ? null : now - Date.parse(alarm.raisedAt);
  return (
    <p className="feature">
      {isTold(alarm.state) ? "since" : "last raised"} <When at={alarm.raisedAt} title="Plant time" named />
      {age !== null && age >= 0 && (isTold(alarm.state) ? `, for ${about(age)}` : `, ${about(age)} ago`)}
      {alarm.raised > 1 && `; raised ${plural(alarm.raised, "time")} in all`}
      {alarm.acknowledgedBy && `; seen by ${actorName(alarm.acknowledgedBy)}`}
    </p>
  );
}

/** The shelf's end is wall time, as a shift is. */
function Silenced({ alarm }: { alarm: Alarm }) {
  useNow();
  if (alarm.state !== "SHELVED" && alarm.state !== "OUT_OF_SERVICE") return null;
  const left = alarm.shelvedUntil === null ? null : Date.parse(alarm.shelvedUntil) - serverNow();
  return (
    <p>
      {alarm.state === "SHELVED" && left !== null && (
        <>
          Until <When at={alarm.shelvedUntil} title="Real time" named />
          {left > 0 && `, ${about(left)} left`}
          {alarm.silencedBy && ", "}
        </>
      )}
      {alarm.silencedBy && <>by {actorName(alarm.silencedBy)}</>}
      {alarm.reason && <>: {alarm.reason}</>}
    </p>
  );
}
