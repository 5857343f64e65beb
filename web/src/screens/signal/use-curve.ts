// A signal's points around the stretch that is looked at; while a finer or another one is on its way, the old one stays.
import { useEffect, useState } from "react";
import { type Client, useClient } from "urql";
import { useConnection } from "../../api/connection.ts";
import { type CurvePoint, CurveQuery } from "../../api/queries.ts";
import { untilReplayed } from "../../api/until-replayed.ts";
import { useMoment } from "../../live/moment.ts";
import { problemOf } from "../../logic/problem.ts";
import { askedFor, type Fineness, type View } from "../../logic/zoom.ts";

export interface Curve {
  points: readonly CurvePoint[];
  fineness: Fineness | null;
  loading: boolean;
  /** There is more than the page takes in: nearer shows all. */
  more: boolean;
  problem: string | null;
  retry: () => void;
}

interface Wanted {
  site: string;
  signal: string;
  fineness: Fineness;
  from: number;
  to: number;
  asOf: string | null;
}

const PAGE = 5_000;
const MOST_PAGES = 4;
/** While one drags, nothing is asked for. */
const SETTLED_MS = 160;

export function useCurve(site: string, signal: string, view: View): Curve {
  const client = useClient();
  const asOf = useMoment();
  const { epoch } = useConnection();
  const [tries, setTries] = useState(0);
  const [read, setRead] = useState<{ points: readonly CurvePoint[]; fineness: Fineness | null; more: boolean }>({ points: [], fineness: null, more: false });
  const [state, setState] = useState<{ loading: boolean; problem: string | null }>({ loading: true, problem: null });
  const { fineness, from, to } = askedFor(view);

  useEffect(() => {
    let wanted = true;
    setState((before) => ({ ...before, loading: true }));
    const timer = setTimeout(() => {
      void pagesOf(client, { site, signal, fineness, from, to, asOf }, () => wanted).then((came) => {
        if (!wanted) return;
        if ("problem" in came) setState({ loading: false, problem: came.problem });
        else {
          setRead({ ...came, fineness });
          setState({ loading: false, problem: null });
        }
      });
    }, SETTLED_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [client, site, signal, fineness, from, to, asOf, epoch, tries]);

  return { ...read, ...state, retry: () => setTries(tries + 1) };
}

type Came = { points: readonly CurvePoint[]; more: boolean } | { problem: string };

async function pagesOf(client: Client, { from, to, fineness, ...wanted }: Wanted, stillWanted: () => boolean): Promise<Came> {
  const points: CurvePoint[] = [];
  let start = new Date(from).toISOString();
  for (let page = 0; page < MOST_PAGES && stillWanted(); page += 1) {
    const asked = { ...wanted, resolution: fineness, from: start, to: new Date(to).toISOString(), first: PAGE };
    const result = await untilReplayed(client, CurveQuery, asked, stillWanted);
    if (!result.data) return { problem: problemOf(result.error) };
    const came = result.data.readings;
    points.push(...came.points);
    if (!came.truncated || came.to === start) return { points, more: false };
    start = came.to;
  }
  return { points, more: true };
}
