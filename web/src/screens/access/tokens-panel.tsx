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
  follow: (answered: Answered | null) => void;
  followTo: (position: string) => void;
}

export function TokensPanel({ tokens, follow, followTo }: Props) {
  return (
    <>
      {tokens.length === 0 && <p className="by">None. A program that asks over GraphQL comes with one, in the header authorization: Bearer.</p>}
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
              <Row key={token.token} token={token} follow={follow} />
            ))}
          </tbody>
        </table>
      )}
      <IssueForm followTo={followTo} />
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
            revoked by {token.revokedBy}, <When at={token.revokedAt} title="Real time" />
          </span>
        ) : (
          !over && <TwoTaps text="Revoke" about={token.label} yes="Yes, it opens nothing any more" busy={revoke.busy} act={() => void revoke.ask({ token: token.token }).then(follow)} />
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

function IssueForm({ followTo }: { followTo: (position: string) => void }) {
  const [state, issue] = useMutation(IssueToken);
  const [holder, setHolder] = useState("");
  const [label, setLabel] = useState("");
  const [atMost, setAtMost] = useState<Role>("VIEWER");
  const [days, setDays] = useState<number>(90);
  const issued = state.data?.issued;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void issue({ holder: holder.trim(), label: label.trim(), atMost, days }).then((result) => result.data && followTo(result.data.issued.position));
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
      {issued && (
        <p className="secret" role="status">
          Copy it now, it is not shown again: <code>{issued.secret}</code> It holds until <When at={issued.expiresAt} title="Real time" />.
        </p>
      )}
    </form>
  );
}
