// All cases: open ones first, closed ones page by page, both filtered by what one types.
import { useState } from "react";
import type { CaseSummary } from "../../api/fragments.ts";
import { CasesQuery } from "../../api/queries.ts";
import { useAsked } from "../../api/use-asked.ts";
import { usePlant } from "../../live/plant.tsx";
import { mergedCases } from "../../logic/cases.ts";
import { plural } from "../../logic/words.ts";
import { Empty, Loading, Problem } from "../../parts/notice.tsx";
import { CaseTable } from "./case-table.tsx";

const PAGE = 25;
type Status = "OPEN" | "CLOSED";

export function CasesScreen() {
  const [text, setText] = useState("");
  const [shown, setShown] = useState<"all" | Status>("all");
  return (
    <>
      <header className="pagehead">
        <h1>Cases</h1>
        <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            <span className="label">Find</span>
            <input type="search" value={text} onChange={(event) => setText(event.target.value)} placeholder="asset, cause or stage" />
          </label>
          <label>
            <span className="label">Show</span>
            <select value={shown} onChange={(event) => setShown(event.target.value as "all" | Status)}>
              <option value="all">open and closed</option>
              <option value="OPEN">open only</option>
              <option value="CLOSED">closed only</option>
            </select>
          </label>
        </form>
      </header>
      {shown !== "CLOSED" && <CaseList status="OPEN" text={text} />}
      {shown !== "OPEN" && <CaseList status="CLOSED" text={text} />}
    </>
  );
}

const TITLES = { OPEN: "Open", CLOSED: "Closed" } as const;
const NOTHING = {
  OPEN: "Nothing departs from normal. A case opens by itself when a signal does.",
  CLOSED: "No case has been closed yet. Open one and record its outcome to close it.",
} as const;

function CaseList({ status, text }: { status: Status; text: string }) {
  const { changed } = usePlant();
  const [pages, setPages] = useState<readonly (string | null)[]>([null]);
  const [listed, setListed] = useState<ReadonlyMap<string, readonly CaseSummary[]>>(new Map());
  const after = pages.at(-1) ?? null;
  const asked = useAsked(CasesQuery, { status, first: PAGE, after });

  const page = asked.data?.cases;
  const key = after ?? "";
  if (page && listed.get(key) !== page.nodes) setListed(new Map(listed).set(key, page.nodes));

  const rows = mergedCases([...listed.values()].flat(), changed, status).filter((row) => says(row, text));
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
        <Empty title={text === "" ? `No ${TITLES[status].toLowerCase()} case` : "No case matches"}>
          {text === "" ? NOTHING[status] : "Search another word, or clear the field."}
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

function says(row: CaseSummary, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  const spoken = [row.assetId, row.asset?.name, row.diagnosis?.cause, row.stage, row.outcome?.outcome].join(" ").replace(/_/g, " ").toLowerCase();
  return wanted === "" || spoken.includes(wanted.replace(/_/g, " "));
}
