// Two times held against each other: what is new, what is gone, what is otherwise.
import { type ReactNode, useState } from "react";
import { type Comparison, ComparisonQuery } from "../../api/time.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useParams } from "../../live/address.ts";
import { serverNow } from "../../live/clock.ts";
import { useMoment, useProgress } from "../../live/moment.ts";
import { usePlant } from "../../live/plant.tsx";
import { detectorText } from "../../logic/alarms.ts";
import { clockTime } from "../../logic/format.ts";
import { fieldOf, ofField } from "../../logic/moments.ts";
import { href } from "../../logic/route.ts";
import { caseStanding } from "../../logic/standing.ts";
import { humanise, plural } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { SystemTabs } from "../system/system-tabs.tsx";

const HOUR = 3_600_000;
const AGO = [
  [HOUR, "since an hour ago"],
  [24 * HOUR, "since a day ago"],
  [7 * 24 * HOUR, "since a week ago"],
] as const;

export function CompareScreen() {
  const [params, change] = useParams();
  const from = ofField(params.get("from") ?? "");
  const to = ofField(params.get("to") ?? "");
  const set = (name: string, at: number | null) => change({ [name]: at === null ? null : new Date(at).toISOString() });
  return (
    <>
      <header className="pagehead">
        <h1>Two times compared</h1>
      </header>
      <SystemTabs here="compare" />
      <form className="compare" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span className="label">From</span>
          <input type="datetime-local" step={1} value={from === null ? "" : fieldOf(from)} onChange={(event) => set("from", ofField(event.target.value))} />
        </label>
        <label>
          <span className="label">To (empty: now)</span>
          <input type="datetime-local" step={1} value={to === null ? "" : fieldOf(to)} onChange={(event) => set("to", ofField(event.target.value))} />
        </label>
        {AGO.map(([ms, text]) => (
          <button key={ms} type="button" className="small" onClick={() => change({ from: new Date(serverNow() - ms).toISOString(), to: null })}>
            {text}
          </button>
        ))}
      </form>
      {from === null ? (
        <Empty title="Choose a time">Everything that is other than it was then is listed. Times are those at which things were recorded.</Empty>
      ) : (
        <Compared key={`${from} ${to}`} from={from} to={to} />
      )}
    </>
  );
}

function Compared({ from, to }: { from: number; to: number | null }) {
  const past = useMoment();
  // "Now" is one moment for as long as one reads.
  const end = to ?? (past === null ? Math.floor((serverNow() - 1_000) / 1_000) * 1_000 : Date.parse(past));
  const [until] = useState(end);
  const asked = useAsked(ComparisonQuery, { site: null, from: new Date(from).toISOString(), to: new Date(until).toISOString() });
  const { replaying } = useProgress();
  const found = asked.data?.comparison;
  if (asked.problem) return <Problem text={asked.problem} retry={asked.refresh} />;
  if (!found) return <Loading what={replaying === null ? "both times" : `both times: ${replaying.done} of ${replaying.of} facts replayed`} />;
  return <Found found={found} />;
}

function Found({ found }: { found: Comparison }) {
  const { plants, lapse } = usePlant();
  const asset = (id: string) => plants?.flatMap((plant) => plant.assets).find((one) => one.id === id)?.name ?? id;
  const nothing = [found.cases, found.approvals, found.actions, found.alarms].every((list) => list.length === 0);
  const span = `${clockTime(found.from)} and ${clockTime(found.to)}${lapse === null ? "" : " real time"}`;
  if (nothing) return <Empty title="Nothing differs">Between {span} no case, approval, action or alarm became another.</Empty>;
  return (
    <>
      <p className="scope">Between {span}. What was not there is a dash.</p>
      {found.truncated && <p className="warn">More cases changed than are listed: take a shorter span.</p>}
      <Part title="Cases" count={found.cases.length}>
        {found.cases.map((one) => (
          <Row key={one.case} before={one.before && stage(one.before, one.causeBefore)} after={one.after && stage(one.after, one.causeAfter)}>
            <a href={href.case(one.case)}>{asset(one.asset)}</a>
          </Row>
        ))}
      </Part>
      <Part title="Waiting for a yes" count={found.approvals.length}>
        {found.approvals.map((one) => (
          <Row key={one.action} before={one.before && humanise(one.before)} after={one.after && humanise(one.after)}>
            <a href={href.case(one.case)}>{humanise(one.name)}</a>
          </Row>
        ))}
      </Part>
      <Part title="Actions" count={found.actions.length}>
        {found.actions.map((one) => (
          <Row key={one.action} before={one.before && humanise(one.before)} after={one.after && humanise(one.after)}>
            <span>
              <a href={href.case(one.case)}>{humanise(one.name)}</a>
              {one.decidedBy !== null && <span className="feature"> decided by {one.decidedBy}</span>}
            </span>
          </Row>
        ))}
      </Part>
      <Part title="Alarms" count={found.alarms.length}>
        {found.alarms.map((one) => (
          <Row key={`${one.asset}/${one.detector}`} before={one.before && humanise(one.before)} after={one.after && humanise(one.after)}>
            <span>
              <a href={href.asset(one.site, one.asset)}>{asset(one.asset)}</a>: {detectorText(one.detector).name}
              {one.raisedAfter > one.raisedBefore && <span className="feature"> raised {plural(one.raisedAfter - one.raisedBefore, "time")}</span>}
            </span>
          </Row>
        ))}
      </Part>
    </>
  );
}

function stage(word: string, cause: string | null): string {
  const { text } = caseStanding(word);
  return cause === null ? text : `${text}, ${humanise(cause).toLowerCase()}`;
}

function Part({ title, count, children }: { title: string; count: number; children: ReactNode }) {
  if (count === 0) return null;
  const id = `compared-${title.replace(/ /g, "-")}`;
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>
        {title} <span className="count">{count}</span>
      </h2>
      <ul className="differences">{children}</ul>
    </section>
  );
}

function Row({ before, after, children }: { before: string | null; after: string | null; children: ReactNode }) {
  return (
    <li>
      {children}
      <Side was="before" text={before} />
      <span aria-hidden="true">→</span>
      <Side was="after" text={after} />
    </li>
  );
}

function Side({ was, text }: { was: string; text: string | null }) {
  return (
    <span className={text === null ? "nothere" : ""}>
      <span className="unseen">{was}: </span>
      {text ?? (
        <>
          — <span className="unseen">was not there</span>
        </>
      )}
    </span>
  );
}
