// All cases: open ones first, closed ones page by page; what they are filtered by stands in the address and can be sent on.
import { useState } from "react";
import type { CaseSummary } from "../../api/fragments.ts";
import { CasesQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useSettled } from "../../api/use-settled.ts";
import { useParams } from "../../live/address.ts";
import { usePlant } from "../../live/plant.tsx";
import { type CaseFilter, filterOf, passes, wordsOf } from "../../logic/case-filter.ts";
import { mergedCases } from "../../logic/cases.ts";
import { plural } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { CaseTable } from "./case-table.tsx";
import { FilterForm } from "./filter-form.tsx";

const PAGE = 25;
/** While one types, nothing is asked for. */
const SETTLED_MS = 250;
type Status = "OPEN" | "CLOSED";

export function CasesScreen() {
  const [params, change] = useParams();
  const filter = filterOf(params);
  const find = useSettled(wordsOf(filter.words).join(" "), SETTLED_MS);
  const listed = [filter.site, filter.asset, filter.cause, find].join(" ");
  return (
    <>
      <header className="pagehead">
        <h1>Cases</h1>
        <FilterForm filter={filter} change={change} />
      </header>
      {filter.status !== "CLOSED" && <CaseList key={`open ${listed}`} status="OPEN" filter={filter} find={find} />}
      {filter.status !== "OPEN" && <CaseList key={`closed ${listed}`} status="CLOSED" filter={filter} find={find} />}
    </>
  );
}

const TITLES = { OPEN: "Open", CLOSED: "Closed" } as const;
const NOTHING = {
  OPEN: "Nothing departs from normal. A case opens by itself when a signal does.",
  CLOSED: "No case has been closed yet. Open one and record its outcome to close it.",
} as const;

function CaseList({ status, filter, find }: { status: Status; filter: CaseFilter; find: string }) {
  const { changed, past } = usePlant();
  const [pages, setPages] = useState<readonly (string | null)[]>([null]);
  const [listed, setListed] = useState<ReadonlyMap<string, readonly CaseSummary[]>>(new Map());
  const after = pages.at(-1) ?? null;
  const asked = useAsked(CasesQuery, { site: filter.site, asset: filter.asset, status, cause: filter.cause, find, first: PAGE, after });

  const page = asked.data?.cases;
  const key = after ?? "";
  if (page && listed.get(key) !== page.nodes) setListed(new Map(listed).set(key, page.nodes));
  // Pages of another time are of another list.
  const [listedAt, setListedAt] = useState(past);
  if (listedAt !== past) {
    setListedAt(past);
    setPages([null]);
    setListed(new Map());
  }

  const rows = mergedCases([...listed.values()].flat(), changed, status).filter((row) => passes(row, filter));
  const more = page?.pageInfo.hasNextPage === true ? page.pageInfo.endCursor : null;
  return (
    <section aria-labelledby={`cases-${status}`}>
      <h2 id={`cases-${status}`}>
        {TITLES[status]} <span className="count">{plural(rows.length, "case")}{more !== null && " so far"}</span>
      </h2>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {rows.length > 0 && <CaseTable rows={rows} />}
      {rows.length === 0 && asked.loading && <Loading what="cases" />}
      {rows.length === 0 && !asked.loading && !asked.problem && (
        <Empty title={filter.any ? `No ${TITLES[status].toLowerCase()} case matches` : `No ${TITLES[status].toLowerCase()} case`}>
          {filter.any ? "Filter by something else, or by nothing." : NOTHING[status]}
        </Empty>
      )}
      {more !== null && (
        <button type="button" disabled={asked.loading} onClick={() => setPages([...pages, more])}>
          Show older
        </button>
      )}
    </section>
  );
}
