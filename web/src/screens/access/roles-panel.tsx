// Everybody with a role: the roles of each, taken away one by one, given anew with their place, and a new password where one was lost.
import { type FormEvent, useState } from "react";
import { useMutation } from "urql";
import { type Grant, type Principal, ResetPassword, type Role, SetGrants } from "../../api/access.ts";
import { useAsk } from "../../api/ask.ts";
import type { Answered } from "../../api/fragments.ts";
import { useAccess } from "../../live/access.tsx";
import { usePlant } from "../../live/plant.tsx";
import { entryText, grantText, noRoleText, ROLES, sameGrant } from "../../logic/access.ts";
import { problemOf } from "../../logic/problem.ts";
import { Problem } from "../../parts/notice.tsx";
import { PersonField, usePerson } from "../../parts/person-field.tsx";
import { TwoTaps } from "../../parts/two-taps.tsx";
import { When } from "../../parts/when.tsx";

type Follow = (answered: Answered | null) => void;

interface Props {
  principals: readonly Principal[];
  follow: Follow;
  followTo: (position: string) => void;
}

export function RolesPanel({ principals, follow, followTo }: Props) {
  const { signed } = useAccess();
  return (
    <>
      {signed.mode === "local" && (
        <p>
          Roles count once sign-in is on (<code>access.mode = "sign-in"</code>). Until then whoever reaches the page may do all of it, with a role or without.
        </p>
      )}
      {principals.length === 0 && <p className="by">Nobody has a role yet.</p>}
      <ul className="principals">
        {principals.map((one) => (
          <One key={one.id} one={one} follow={follow} followTo={followTo} />
        ))}
      </ul>
      <GiveForm principals={principals} follow={follow} />
    </>
  );
}

function One({ one, follow, followTo }: { one: Principal } & Pick<Props, "follow" | "followTo">) {
  const { signed } = useAccess();
  const set = useAsk(SetGrants);
  const name = one.name ?? one.id;
  const without = (grant: Grant) => void set.ask({ principal: one.id, roles: one.roles.filter((held) => !sameGrant(held, grant)) }).then(follow);
  return (
    <li>
      <p>
        <strong>{name}</strong> {one.name !== null && <code>{one.id}</code>}{" "}
        <span className="feature">
          {one.isProgram || one.signedInAt === null ? (
            entryText(one, signed.mode)
          ) : (
            <>
              signed in last <When at={one.signedInAt} title={`Real time, by ${one.signedInBy ?? "—"}`} />
            </>
          )}
        </span>
      </p>
      <ul className="grants">
        {one.roles.length === 0 && <li className="feature">{noRoleText(signed.mode)}</li>}
        {one.roles.map((grant) => (
          <li key={grantText(grant)}>
            {grantText(grant)} <TwoTaps text="Take away" about={`${grantText(grant)} of ${name}`} yes="Yes, take it away" busy={set.busy} act={() => without(grant)} />
          </li>
        ))}
      </ul>
      {!one.isProgram && signed.mode === "sign-in" && <NewPassword person={one.id} followTo={followTo} />}
      {set.problem && <Problem text={set.problem} />}
    </li>
  );
}

/** Made by the program and said once; the person has to change it at the first sign-in. */
function NewPassword({ person, followTo }: { person: string; followTo: Props["followTo"] }) {
  const [state, reset] = useMutation(ResetPassword);
  const made = state.data?.made;
  if (made) {
    return (
      <p className="secret" role="status">
        For {person}, shown this once: <code>{made.password}</code> It has to be changed at the first sign-in.
      </p>
    );
  }
  return (
    <div>
      <TwoTaps
        text="New password"
        about={`for ${person}`}
        yes="Yes, and end all sessions"
        busy={state.fetching}
        act={() => void reset({ person }).then((result) => result.data && followTo(result.data.made.position))}
      />
      {state.error && <Problem text={problemOf(state.error)} />}
    </div>
  );
}

function GiveForm({ principals, follow }: { principals: readonly Principal[]; follow: Follow }) {
  const { plants } = usePlant();
  const set = useAsk(SetGrants);
  const person = usePerson();
  const [role, setRole] = useState<Role>("OPERATOR");
  const [site, setSite] = useState("");
  const [area, setArea] = useState("");
  const areas = [...new Set((plants ?? []).filter((plant) => plant.site === site).flatMap((plant) => plant.assets.map((asset) => asset.area)))];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const principal = person.checked();
    if (principal === null) return;
    const held = principals.find((one) => one.id === principal)?.roles ?? [];
    const grant: Grant = { role, site: site || null, area: area || null };
    void set.ask({ principal, roles: [...held.filter((other) => !sameGrant(other, grant)), grant] }).then(follow);
  };
  return (
    <form className="give" onSubmit={submit}>
      <h3>Give a role</h3>
      <PersonField person={person} text="To whom" />
      <label>
        <span className="label">Role</span>
        <select value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {ROLES.map((known) => (
            <option key={known.role} value={known.role}>
              {known.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="label">Where</span>
        <select
          value={site}
          onChange={(event) => {
            setSite(event.target.value);
            setArea("");
          }}
        >
          <option value="">everywhere</option>
          {plants?.map((plant) => (
            <option key={plant.site} value={plant.site}>
              {plant.name}
            </option>
          ))}
        </select>
      </label>
      {site !== "" && (
        <label>
          <span className="label">Area</span>
          <select value={area} onChange={(event) => setArea(event.target.value)}>
            <option value="">all of it</option>
            {areas.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <button type="submit" disabled={set.busy}>
        Give the role
      </button>
      {set.problem && <Problem text={set.problem} />}
    </form>
  );
}
