// Everything that was to leave the house, last wanted first, with how far it came.
import type { Notice } from "../../api/fragments.ts";
import { href } from "../../logic/route.ts";
import { MessageRow } from "../../parts/message.tsx";
import { Pager, type Pages } from "../../parts/pager.tsx";

interface Props {
  page: { nodes: readonly Notice[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
  pages: Pages;
  loading: boolean;
}

export function Latest({ page, pages, loading }: Props) {
  const next = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  return (
    <section className="panel" aria-labelledby="latest">
      <h2 id="latest">
        Messages <span className="count">last wanted first</span>
      </h2>
      {page.nodes.length === 0 && <p>Nothing was to leave the house yet. Who is told what stands in each site's roster.</p>}
      <ol className="messages" aria-busy={loading}>
        {page.nodes.map((notice) => (
          <MessageRow key={notice.id} notice={notice} about={<AboutCase id={notice.caseId} />} />
        ))}
      </ol>
      {(next !== null || pages.newer !== null) && <Pager of="messages" pages={pages} next={next} loading={loading} />}
    </section>
  );
}

function AboutCase({ id }: { id: string | null }) {
  if (id === null) return null;
  return (
    <>
      {" · "}
      <a href={href.case(id)}>See its case</a>
    </>
  );
}
