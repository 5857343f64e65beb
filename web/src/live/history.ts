// The curve of the last half hour under the live dots: asked for each signal that comes into view, and again after a lost link.
import { useEffect, useMemo, useState } from "react";
import { useClient } from "urql";
import { useConnection } from "../api/connection.ts";
import { CurveQuery } from "../api/queries.ts";
import { untilReplayed } from "../api/until-replayed.ts";
import { type Dot, KEPT, PERIOD_MS, withHistory } from "../logic/spark.ts";
import { useMoment } from "./moment.ts";
import { useKnown } from "./values.ts";

export function useDots(site: string, signal: string, visible: boolean): readonly Dot[] {
  const known = useKnown(site, signal);
  const [history, setHistory] = useState<readonly Dot[]>([]);
  const client = useClient();
  const { epoch } = useConnection();
  const ready = visible && known !== undefined;
  const newestAt = known?.reading.at;
  const asOf = useMoment();

  useEffect(() => {
    if (!ready || newestAt === undefined) return;
    let wanted = true;
    const to = Date.parse(newestAt);
    const variables = {
      site,
      signal,
      resolution: "S10" as const,
      from: new Date(to - KEPT * PERIOD_MS).toISOString(),
      to: new Date(to).toISOString(),
      first: KEPT,
      asOf,
    };
    void untilReplayed(client, CurveQuery, variables, () => wanted).then((result) => {
      // Without history the curve just begins now; the plant query says what is wrong with the server.
      const points = result.data?.readings.points ?? [];
      if (wanted) setHistory(points.map((point) => ({ at: Date.parse(point.at), value: point.value })));
    });
    return () => {
      wanted = false;
    };
    // Once per connection and past time: what comes after is pushed.
  }, [client, site, signal, ready, epoch, asOf]);

  const live = known?.dots;
  return useMemo(() => withHistory(history, live ?? []), [history, live]);
}
