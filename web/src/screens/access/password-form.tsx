// One's own password, changed: the old one, and the new one twice.
import { type FormEvent, useState } from "react";
import { changePassword } from "../../api/access.ts";
import { passwordProblem, refusedText } from "../../logic/access.ts";
import { Problem } from "../../parts/notice.tsx";

export function PasswordForm({ done }: { done: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const said = new FormData(form);
    const [old = "", next = "", again = ""] = ["old", "next", "again"].map((name) => String(said.get(name) ?? ""));
    const wrong = passwordProblem(old, next, again);
    setProblem(wrong);
    if (wrong !== null) return;
    setBusy(true);
    void changePassword(old, next).then((refused) => {
      setBusy(false);
      if (refused === null) {
        form.reset();
        done();
      } else setProblem(refused.code === "SIGN_IN_REFUSED" ? "The present password is another one." : refusedText(refused));
    });
  };
  return (
    <form className="enter" onSubmit={submit}>
      <label>
        <span className="label">Present password</span>
        <input name="old" type="password" required autoComplete="current-password" maxLength={512} />
      </label>
      <label>
        <span className="label">New password</span>
        <input name="next" type="password" required autoComplete="new-password" maxLength={512} />
      </label>
      <label>
        <span className="label">The new one again</span>
        <input name="again" type="password" required autoComplete="new-password" maxLength={512} />
      </label>
      <button type="submit" disabled={busy}>
        Change the password
      </button>
      {problem && <Problem text={problem} />}
    </form>
  );
}
