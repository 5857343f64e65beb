// Tokens: whose, for what, until when; made with the secret shown once, and revoked.
import { type FormEvent, useState } from "react";
import { useMutation } from "urql";
import { IssueToken, RevokeToken, type Role, type Token } from "../../api/access.ts";
import { useAsk } from "../../api/ask.ts";
import type { Answered } from "../../api/fragments.ts";
import { serverNow } from "../../live/clock.ts";
import { roleName, ROLES } from "../../logic/access.ts";
import { problemOf } from "../../logic/problem.ts";
import { Problem } from "../../parts/notice.tsx";
import { TwoTaps } from "../../parts/two-taps.tsx";
import { When } from "../../parts/when.tsx";

interface Props {
  tokens: readonly Token[];
  /** Whether they are needed at all: where nobody signs in, programs need none either. */
  made: boolean;
  follow: (answered: Answered | null) => void;
}

export function TokensPanel({ tokens, made, follow }: Props) {
  return (
    <>
      {tokens.length === 0 && made && <p className="by">None. A program that asks over GraphQL comes with one.</p>}
      {tokens.length > 0 && (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">For</th>
              <th scope="col">Whose</th>
              <th scope="col">At most</th>
              <th scope="col">Until</th>
              <th scope="col">Made</th>
              <th scope="col">
                <span className="unseen">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {tokens.map((token) => (
              <Row key={token.id} token={token} follow={follow} />
            ))}
          </tbody>
        </table>
      )}
      {made ? <IssueForm follow={follow} /> : <p className="by">Where nobody signs in, programs need no token either.</p>}
    </>
  );
}

function Row({ token, follow }: { token: Token; follow: Props["follow"] }) {
  const revoke = useAsk(RevokeToken);
  const over = Date.parse(token.expiresAt) <= serverNow();
  return (
    <tr>
      <th scope="row">{token.label}</th>
      <td data-label="Whose">{token.holder}</td>
      <td data-label="At most">{roleName(token.atMost)}</td>
      <td data-label="Until">
        <When at={token.expiresAt} title="Real time" />
        {over && " (over)"}
      </td>
      <td data-label="Made">
        by {token.issuedBy}, <When at={token.issuedAt} title="Real time" />
      </td>
      <td>
        {token.revokedAt !== null ? (
          <span className="feature">
            revoked <When at={token.revokedAt} title="Real time" />
          </span>
        ) : (
          !over && <TwoTaps text="Revoke" about={token.label} yes="Yes, it opens nothing any more" busy={revoke.busy} act={() => void revoke.ask({ token: token.id }).then(follow)} />
        )}
        {revoke.problem && <Problem text={revoke.problem} />}
      </td>
    </tr>
  );
}

const DAYS = [
  [7, "a week"],
  [90, "three months"],
  [365, "a year"],
] as const;

const DAY_MS = 86_400_000;

function IssueForm({ follow }: { follow: Props["follow"] }) {
  const [state, issue] = useMutation(IssueToken);
  const [holder, setHolder] = useState("");
  const [label, setLabel] = useState("");
  const [atMost, setAtMost] = useState<Role>("VIEWER");
  const [days, setDays] = useState<number>(90);
  const issued = state.data?.issued;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const expiresAt = new Date(serverNow() + days * DAY_MS).toISOString();
    void issue({ holder: holder.trim(), label: label.trim(), atMost, expiresAt }).then((result) => follow(result.data?.issued.answered ?? null));
  };
  return (
    <form className="give" onSubmit={submit}>
      <h3>Make a token</h3>
      <label>
        <span className="label">Whose</span>
        <input value={holder} required maxLength={96} autoCapitalize="off" spellCheck={false} placeholder="agent-historian, or a person" onChange={(event) => setHolder(event.target.value)} />
      </label>
      <label>
        <span className="label">For what</span>
        <input value={label} required maxLength={60} placeholder="reads curves each night" onChange={(event) => setLabel(event.target.value)} />
      </label>
      <label>
        <span className="label">May at most what may a</span>
        <select value={atMost} onChange={(event) => setAtMost(event.target.value as Role)}>
          {ROLES.map(({ role, name }) => (
            <option key={role} value={role}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="label">For</span>
        <select value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {DAYS.map(([count, text]) => (
            <option key={count} value={count}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={state.fetching}>
        Make it
      </button>
      {state.error && <Problem text={problemOf(state.error)} />}
      {issued?.answered.kind === "REFUSED" && <Problem text={issued.answered.reason ?? "The server refused and gave no reason; see the audit list."} />}
      {issued?.token != null && (
        <p className="secret" role="status">
          Copy it now, it is not shown again: <code>{issued.token}</code> A program sends it as <code>authorization: Bearer …</code>
        </p>
      )}
    </form>
  );
}
