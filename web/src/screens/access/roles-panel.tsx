// Everybody with a role: the roles of each, taken away one by one, given anew with their place, and a new password where one was lost.
import { type FormEvent, useState } from "react";
import { type Grant, type Principal, type Role, SetGrants, SetPassword } from "../../api/access.ts";
import { useAsk } from "../../api/ask.ts";
import type { Answered } from "../../api/fragments.ts";
import { usePlant } from "../../live/plant.tsx";
import { grantText, ROLES, sameGrant, SHORTEST_PASSWORD } from "../../logic/access.ts";
import { isProgram } from "../../logic/words.ts";
import { Problem } from "../../parts/notice.tsx";
import { PersonField, usePerson } from "../../parts/person-field.tsx";
import { TwoTaps } from "../../parts/two-taps.tsx";
import { When } from "../../parts/when.tsx";

type Follow = (answered: Answered | null) => void;

export function RolesPanel({ principals, follow }: { principals: readonly Principal[]; follow: Follow }) {
  return (
    <>
      {principals.length === 0 && <p className="by">Nobody has a role yet.</p>}
      <ul className="principals">
        {principals.map((one) => (
          <One key={one.principal} one={one} follow={follow} />
        ))}
      </ul>
      <GiveForm principals={principals} follow={follow} />
    </>
  );
}

function One({ one, follow }: { one: Principal; follow: Follow }) {
  const set = useAsk(SetGrants);
  const name = one.name ?? one.principal;
  const without = (grant: Grant) => void set.ask({ principal: one.principal, grants: one.grants.filter((held) => !sameGrant(held, grant)) }).then(follow);
  return (
    <li>
      <p>
        <strong>{name}</strong> {one.name !== null && <code>{one.principal}</code>}{" "}
        <span className="feature">
          {one.signedInAt === null ? (isProgram(one.principal) ? "a program" : "has not signed in yet") : <>signed in last <When at={one.signedInAt} title="Real time" /></>}
        </span>
      </p>
      <ul className="grants">
        {one.grants.length === 0 && <li className="feature">no role: may not even look</li>}
        {one.grants.map((grant) => (
          <li key={grantText(grant)}>
            {grantText(grant)} <TwoTaps text="Take away" about={`${grantText(grant)} of ${name}`} yes="Yes, take it away" busy={set.busy} act={() => without(grant)} />
          </li>
        ))}
      </ul>
      {!isProgram(one.principal) && <NewPassword person={one.principal} follow={follow} />}
      {set.problem && <Problem text={set.problem} />}
    </li>
  );
}

function NewPassword({ person, follow }: { person: string; follow: Follow }) {
  const set = useAsk(SetPassword);
  const [open, setOpen] = useState(false);
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void set.ask({ person, password }).then((answered) => {
      follow(answered);
      if (answered === null || answered.kind === "REFUSED") return;
      setPassword("");
      setOpen(false);
    });
  };
  if (!open) {
    return (
      <button type="button" className="small quiet" onClick={() => setOpen(true)}>
        New password…<span className="unseen"> for {person}</span>
      </button>
    );
  }
  return (
    <form className="row" onSubmit={submit}>
      <label>
        <span className="label">New password for {person}, to be changed at the first sign-in</span>
        <input type="password" value={password} required minLength={SHORTEST_PASSWORD} maxLength={512} autoComplete="new-password" autoFocus onChange={(event) => setPassword(event.target.value)} />
      </label>
      <button type="submit" disabled={set.busy}>
        Set it
      </button>
      <button type="button" className="quiet" onClick={() => setOpen(false)}>
        Back
      </button>
      {set.problem && <Problem text={set.problem} />}
    </form>
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
    const held = principals.find((one) => one.principal === principal)?.grants ?? [];
    const grant: Grant = { role, site: site || null, area: area || null };
    void set.ask({ principal, grants: [...held.filter((other) => !sameGrant(other, grant)), grant] }).then(follow);
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
