// One signal: its name, a short curve over what is normal, its value; a value that cannot be believed says so.
import { useConnection } from "../../api/connection.ts";
import type { Signal } from "../../api/fragments.ts";
import { useNow } from "../../live/clock.ts";
import { useDots } from "../../live/history.ts";
import { useKnown } from "../../live/values.ts";
import { figure } from "../../logic/format.ts";
import { trust } from "../../logic/quality.ts";
import { href } from "../../logic/route.ts";
import { bandOf } from "../../logic/spark.ts";
import { unitSymbol } from "../../logic/words.ts";
import { MovedLimits } from "./moved-limits.tsx";
import { Sparkline } from "./sparkline.tsx";

interface Props {
  site: string;
  signal: Signal;
  name: string;
  live: boolean;
  seen: boolean;
  /** It is part of an open case's evidence. */
  suspect: boolean;
}

export function SignalRow({ site, signal, name, live, seen, suspect }: Props) {
  const known = useKnown(site, signal.id);
  const dots = useDots(site, signal.id, seen);
  const now = useNow();
  const { link } = useConnection();
  const silent = link === "lost" ? Number.POSITIVE_INFINITY : known ? now - known.heardAt : 0;
  const believed = trust(known?.reading.quality, live ? silent : 0);
  const good = believed.level === "good";
  return (
    <li className={suspect ? "signal suspect" : "signal"} data-trust={believed.level} data-empty={known?.reading.value == null}>
      <span className="name" title={signal.id}>
        <a href={href.signal(site, signal.id)}>{name}</a>
        {signal.writable && (
          <abbr className="writes" title="Millwright may write this signal, within its limits">
            set
          </abbr>
        )}
        {suspect && <span className="unseen"> (part of the evidence)</span>}
      </span>
      <Sparkline dots={dots} band={bandOf(signal.baseline)} suspect={suspect} />
      <span className="value">
        <output>{figure(known?.reading.value)}</output> <span className="unit">{unitSymbol(signal.unit)}</span>
        {!good && <span className="quality">{believed.text}</span>}
      </span>
      <MovedLimits site={site} signal={signal} name={name} />
    </li>
  );
}
