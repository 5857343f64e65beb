// What stands before the page where people have to sign in: name and password, a house's own sign-in, a first password.
import { type FormEvent, useEffect, useState } from "react";
import { type Refused, signIn } from "../../api/access.ts";
import { useAccess } from "../../live/access.tsx";
import { setSearch } from "../../live/address.ts";
import { arrivalText, refusedText } from "../../logic/access.ts";
import { Problem } from "../../parts/notice.tsx";
import { PasswordForm } from "./password-form.tsx";

export function Door() {
  const { signed } = useAccess();
  useEffect(() => {
    document.title = "Sign in · Millwright";
  }, []);
  return (
    <main className="door">
      <section className="panel">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M2 19h7l3-11 5 17 4-11 2 5h7" />
        </svg>
        {signed.signedIn && signed.mustChangePassword ? <FirstPassword /> : <SignIn />}
      </section>
    </main>
  );
}

function SignIn() {
  const { signed, entered } = useAccess();
  const [refused, setRefused] = useState<Refused | null>(null);
  const [busy, setBusy] = useState(false);
  const arrived = useArrival();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const said = new FormData(event.currentTarget);
    setBusy(true);
    void signIn(String(said.get("person") ?? "").trim(), String(said.get("password") ?? "")).then((answer) => {
      setBusy(false);
      setRefused(answer);
      if (answer === null) entered();
    });
  };
  return (
    <>
      <h1>Sign in to Millwright</h1>
      <form className="enter" onSubmit={submit}>
        <label>
          <span className="label">Name</span>
          <input name="person" required autoFocus autoComplete="username" autoCapitalize="off" spellCheck={false} maxLength={96} />
        </label>
        <label>
          <span className="label">Password</span>
          <input name="password" type="password" required autoComplete="current-password" maxLength={512} />
        </label>
        <button type="submit" className="approve" disabled={busy}>
          Sign in
        </button>
        {refused && <Problem text={refusedText(refused)} />}
      </form>
      {arrived !== null && refused === null && <Problem text={arrived} />}
      {signed.oidc.length > 0 && (
        <ul className="houses">
          {signed.oidc.map((house) => (
            <li key={house.id}>
              <a className="button" href={`/access/oidc/${encodeURIComponent(house.id)}`}>
                Sign in with {house.name}
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Why somebody came back from a house's own sign-in and is not let in. Said once: it is taken out of the address. */
function useArrival(): string | null {
  const [said] = useState(() => new URLSearchParams(location.search).get("sign-in"));
  useEffect(() => {
    if (said !== null) setSearch("sign-in", null);
  }, [said]);
  return said === null ? null : arrivalText(said);
}

function FirstPassword() {
  const { signed, entered, leave } = useAccess();
  return (
    <>
      <h1>Choose a password of your own</h1>
      <p>
        {signed.name ?? signed.person}, the one you came with was made for you. From now on only you know yours.
      </p>
      <PasswordForm done={entered} />
      <button type="button" className="link" onClick={() => void leave()}>
        Sign out
      </button>
    </>
  );
}
