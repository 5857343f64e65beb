// What a person may do with an alarm; what keeps it quiet takes a reason.
import { useState } from "react";
import { AcknowledgeAlarm, type Alarm, ReturnAlarmToService, ShelveAlarm, TakeAlarmOutOfService, UnshelveAlarm } from "../../api/alarms.ts";
import { useAsk } from "../../api/ask.ts";
import type { Answered } from "../../api/fragments.ts";
import { type Deed, deedsOn } from "../../logic/alarms.ts";
import { Problem } from "../../parts/notice.tsx";
import { ReasonForm, ShelveForm } from "./reason-form.tsx";

interface Props {
  alarm: Alarm;
  name: string;
  tell: (answered: Answered | null, words: string) => void;
}

const BUTTONS: Record<Deed, string> = {
  acknowledge: "Acknowledge",
  shelve: "Shelve…",
  unshelve: "Unshelve",
  remove: "Take out of service…",
  return: "Return to service",
};

export function AlarmDeeds({ alarm, name, tell }: Props) {
  const [asking, setAsking] = useState<"shelve" | "remove" | null>(null);
  const acknowledge = useAsk(AcknowledgeAlarm);
  const shelve = useAsk(ShelveAlarm);
  const unshelve = useAsk(UnshelveAlarm);
  const remove = useAsk(TakeAlarmOutOfService);
  const giveBack = useAsk(ReturnAlarmToService);
  const asks = [acknowledge, shelve, unshelve, remove, giveBack];
  const busy = asks.some((ask) => ask.busy);
  const problem = asks.find((ask) => ask.problem !== null)?.problem;

  const which = { site: alarm.site, asset: alarm.asset, detector: alarm.detector };
  const done = (words: string) => (answered: Answered | null) => {
    if (answered !== null && answered.kind !== "REFUSED") setAsking(null);
    tell(answered, `${name}: ${words}`);
  };
  const act: Record<Deed, () => void> = {
    acknowledge: () => void acknowledge.ask(which).then(done("acknowledged")),
    shelve: () => setAsking("shelve"),
    unshelve: () => void unshelve.ask(which).then(done("off the shelf")),
    remove: () => setAsking("remove"),
    return: () => void giveBack.ask(which).then(done("back in service")),
  };

  return (
    <div className="deeds">
      {asking === null && (
        <div className="buttons">
          {deedsOn(alarm.state).map((deed) => (
            <button key={deed} type="button" className={deed === "acknowledge" ? "first" : "small"} disabled={busy} onClick={act[deed]}>
              {BUTTONS[deed]}
              <span className="unseen"> {name}</span>
            </button>
          ))}
        </div>
      )}
      {asking === "shelve" && (
        <ShelveForm busy={busy} back={() => setAsking(null)} send={(minutes, reason) => void shelve.ask({ ...which, minutes, reason }).then(done("shelved"))} />
      )}
      {asking === "remove" && (
        <ReasonForm
          send={(reason) => void remove.ask({ ...which, reason }).then(done("out of service"))}
          text="Take out of service"
          busy={busy}
          back={() => setAsking(null)}
        />
      )}
      {problem && <Problem text={problem} />}
    </div>
  );
}
