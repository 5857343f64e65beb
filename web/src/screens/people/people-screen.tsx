// How people are known outside: what is proved, what is only written down, codes that prove, and taking an address away.
import { useState } from "react";
import { ContactsQuery } from "../../api/people.ts";
import { useFollowed } from "../../api/use-followed.ts";
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

export function PeopleScreen() {
  const asked = useFollowed(ContactsQuery, {});
  const contacts = asked.data?.contacts ?? null;
  const { said, tell, element } = useSaid(asked.data, asked.follow);
  const [code, setCode] = useState<Code | null>(null);
  const offer = useOffer((made) => {
    setCode(made);
    asked.followTo(made.position);
  });
  // A code is sent from another app: whoever comes back from there sees what came of it.
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
      {code && <CodeCard key={code.code} code={code} contacts={contacts} loading={asked.loading} refresh={asked.refresh} hide={() => setCode(null)} />}
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
