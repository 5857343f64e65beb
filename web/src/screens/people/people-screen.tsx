// How people are known outside: what is proved, what is only written down, codes that prove, and taking an address away.
import { useState } from "react";
import { ContactsQuery } from "../../api/people.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { usePaced } from "../../api/use-paced.ts";
import { usePlant } from "../../live/plant.tsx";
import { useRefreshOnReturn } from "../../live/returned.ts";
import { AsOf } from "../../parts/as-of.tsx";
import { Loading, Problem } from "../../parts/notice.tsx";
import { useSaid } from "../../parts/said.ts";
import { SystemTabs } from "../system/system-tabs.tsx";
import { CodeCard } from "./code-card.tsx";
import { Deeds } from "../../parts/deeds.tsx";
import { CodeForm } from "./code-form.tsx";
import { ContactList } from "./contact-list.tsx";
import { type Code, useOffer } from "./offer.ts";
import { WriteDownForm } from "./write-down-form.tsx";

const LEAST_MS = 1_000;

export function PeopleScreen() {
  const asked = useFollowed(ContactsQuery, {});
  const contacts = asked.data?.contacts ?? null;
  const { said, tell, element } = useSaid(asked.data, asked.follow);
  const [code, setCode] = useState<Code | null>(null);
  const offer = useOffer((made) => {
    setCode(made);
    asked.followTo(made.position);
  });
  // Proving comes in by another app, and is pushed; a phone that was asleep meanwhile has missed it.
  usePaced(usePlant().plantChanges.outside, asked.refresh, LEAST_MS);
  useRefreshOnReturn(asked.refresh);
  return (
    <>
      <header className="pagehead">
        <h1>People</h1>
        <AsOf read={asked.data} loading={asked.loading} refresh={asked.refresh} />
      </header>
      <SystemTabs here="people" />
      <p ref={element} tabIndex={-1} className="said" role="status">
        {said}
      </p>
      {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
      {code && <CodeCard key={code.code} code={code} contacts={contacts} hide={() => setCode(null)} />}
      {contacts ? <ContactList contacts={contacts} offer={offer} tell={tell} /> : !asked.problem && <Loading what="how people are known" />}
      <div className="forms">
        <Deeds quiet>
          <CodeForm offer={offer} />
          <WriteDownForm tell={tell} />
        </Deeds>
      </div>
    </>
  );
}
