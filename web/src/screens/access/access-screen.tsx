// Who one is here, who else may do what, and which programs come with a token.
import { useState } from "react";
import { MeQuery, PrincipalsQuery, TokensQuery } from "../../api/access.ts";
import { useAsked } from "../../api/use-asked.ts";
import { useFollowed } from "../../api/use-followed.ts";
import { useAccess } from "../../live/access.tsx";
import { grantText, ROLES } from "../../logic/access.ts";
import { Deeds } from "../../parts/deeds.tsx";
import { Loading, Problem } from "../../parts/notice.tsx";
import { SystemTabs } from "../system/system-tabs.tsx";
import { PasswordForm } from "./password-form.tsx";
import { RolesPanel } from "./roles-panel.tsx";
import { TokensPanel } from "./tokens-panel.tsx";

export function AccessScreen() {
  const principals = useFollowed(PrincipalsQuery, {});
  const tokens = useFollowed(TokensQuery, {});
  return (
    <>
      <header className="pagehead">
        <h1>Access</h1>
      </header>
      <SystemTabs here="access" />
      <You />
      <section className="panel" aria-labelledby="roles">
        <h2 id="roles">Who may do what</h2>
        <RoleWords />
        {principals.problem && <Problem text={principals.problem} retry={principals.refresh} />}
        {principals.data === null && !principals.problem && <Loading what="who may do what" />}
        {principals.data && (
          <Deeds>
            <RolesPanel principals={principals.data.principals} follow={principals.follow} />
          </Deeds>
        )}
      </section>
      <section className="panel" aria-labelledby="tokens">
        <h2 id="tokens">Tokens for programs</h2>
        {tokens.problem && <Problem text={tokens.problem} retry={tokens.refresh} />}
        {tokens.data === null && !tokens.problem && <Loading what="the tokens" />}
        {tokens.data && (
          <Deeds>
            <TokensPanel tokens={tokens.data.tokens} follow={tokens.follow} followTo={tokens.followTo} />
          </Deeds>
        )}
      </section>
    </>
  );
}

function RoleWords() {
  return (
    <details>
      <summary>What each role may do</summary>
      <ul className="rolewords">
        {ROLES.map(({ role, name, may }) => (
          <li key={role}>
            <strong>{name}</strong> {may}
          </li>
        ))}
      </ul>
      <p className="by">Each may do what those above it may. What the policy asks of an action's approvers comes on top.</p>
    </details>
  );
}

function You() {
  const { signed, leave } = useAccess();
  const me = useAsked(MeQuery, {});
  const [changing, setChanging] = useState(false);
  const [told, setTold] = useState<string | null>(null);
  const grants = me.data?.me.roles ?? signed.roles;
  const name = me.data?.me.name ?? signed.name ?? me.data?.me.person ?? signed.person;
  return (
    <section className="panel" aria-labelledby="you">
      <h2 id="you">{name ? `You are ${name}` : "You"}</h2>
      {signed.mode === "local" && <p>Nobody has to sign in here: the program can be reached from its own machine only. Who looks at the page may do all of it.</p>}
      {me.problem && <Problem text={me.problem} retry={me.refresh} />}
      {grants.length > 0 && <p>{grants.map(grantText).join("; ")}.</p>}
      {signed.mode === "sign-in" && (
        <>
          <div className="buttons compact">
            <button type="button" onClick={() => void leave()}>
              Sign out
            </button>
            <button type="button" aria-expanded={changing} onClick={() => setChanging(!changing)}>
              Change password…
            </button>
          </div>
          {told && <p role="status">{told}</p>}
          {changing && (
            <PasswordForm
              done={() => {
                setChanging(false);
                setTold("Your password is changed.");
              }}
            />
          )}
        </>
      )}
    </section>
  );
}
