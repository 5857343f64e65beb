// Who one is here, who else may do what, and which programs come with a token.
import { useState } from "react";
import { MeQuery, PrincipalsQuery } from "../../api/access.ts";
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
  const { signed } = useAccess();
  const asked = useFollowed(PrincipalsQuery, {});
  const principals = asked.data?.principals ?? null;
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
        {asked.problem && <Problem text={asked.problem} retry={asked.refresh} />}
        {principals === null && !asked.problem && <Loading what="who may do what" />}
        {principals && (
          <Deeds>
            <RolesPanel principals={principals} follow={asked.follow} followTo={asked.followTo} />
          </Deeds>
        )}
      </section>
      {principals && (
        <section className="panel" aria-labelledby="tokens">
          <h2 id="tokens">Tokens for programs</h2>
          <Deeds>
            <TokensPanel tokens={principals.flatMap((one) => one.tokens)} made={signed.mode === "sign-in"} follow={asked.follow} />
          </Deeds>
        </section>
      )}
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
      {signed.mode === "local" && <p>Nobody has to sign in here: whoever reaches the page may do all of it. Where others reach it, too, <code>access.mode = "sign-in"</code> in <code>millwright.toml</code> changes that.</p>}
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
