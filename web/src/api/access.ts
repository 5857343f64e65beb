// Who looks at the page: signing in and out by plain requests with a cookie, and who may do what by GraphQL.
import { AnsweredFields } from "./fragments.ts";
import { graphql, type ResultOf } from "./graphql.ts";

export const MeQuery = graphql(`
  query Me { me { person name mode roles { role site area } } }
`);

export const PrincipalsQuery = graphql(`
  query Principals($atLeast: Position) {
    principals(atLeast: $atLeast) { principal name grants { role site area } signedInAt changedAt }
  }
`);

export const TokensQuery = graphql(`
  query Tokens($atLeast: Position) {
    tokens(atLeast: $atLeast) { token holder label atMost expiresAt issuedBy issuedAt revokedBy revokedAt }
  }
`);

export const SetGrants = graphql(
  `mutation SetGrants($principal: ID!, $grants: [GrantInput!]!, $commandId: ID!) {
    answered: setGrants(principal: $principal, grants: $grants, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

/** Answers with the secret itself, once; so it has no command id that could be answered again. */
export const IssueToken = graphql(`
  mutation IssueToken($holder: ID!, $label: String!, $atMost: Role!, $days: Int!) {
    issued: issueToken(holder: $holder, label: $label, atMost: $atMost, days: $days) { token secret expiresAt position }
  }
`);

export const RevokeToken = graphql(
  `mutation RevokeToken($token: ID!, $commandId: ID!) {
    answered: revokeToken(token: $token, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const SetPassword = graphql(
  `mutation SetPassword($person: ID!, $password: String!, $commandId: ID!) {
    answered: setPassword(person: $person, password: $password, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export type Principal = ResultOf<typeof PrincipalsQuery>["principals"][number];
export type Token = ResultOf<typeof TokensQuery>["tokens"][number];
export type Grant = Principal["grants"][number];
export type Role = Grant["role"];

/** What `GET /access/me` says. */
export interface Signed {
  mode: "local" | "sign-in";
  signedIn: boolean;
  person: string | null;
  name: string | null;
  roles: readonly Grant[];
  mustChangePassword: boolean;
  oidc: readonly { id: string; name: string }[];
}

/** As things are where nobody has to sign in. */
export const LOCAL: Signed = { mode: "local", signedIn: true, person: null, name: null, roles: [], mustChangePassword: false, oidc: [] };

/** Says that it is the page that asks: a foreign site cannot send this. */
export const FROM_PAGE = { "x-millwright": "page" } as const;

export async function readSigned(): Promise<Signed> {
  try {
    const response = await fetch("/access/me", { headers: { accept: "application/json" } });
    // Without an answer the page itself shows what is wrong.
    if (!response.ok || !(response.headers.get("content-type") ?? "").includes("json")) return LOCAL;
    return { ...LOCAL, ...((await response.json()) as Partial<Signed>) };
  } catch {
    return LOCAL;
  }
}

export interface Refused {
  code: string;
  message: string;
  retryAfterS: number | null;
}

export const signIn = (person: string, password: string): Promise<Refused | null> => post("/access/sign-in", { person, password });
export const signOut = (): Promise<Refused | null> => post("/access/sign-out", {});
export const changePassword = (old: string, next: string): Promise<Refused | null> => post("/access/password", { old, new: next });

/** Null: it was done. */
async function post(path: string, body: object): Promise<Refused | null> {
  try {
    const response = await fetch(path, { method: "POST", headers: { ...FROM_PAGE, "content-type": "application/json" }, body: JSON.stringify(body) });
    if (response.ok) return null;
    const said = (await response.json().catch(() => null)) as { errors?: { message?: string; extensions?: { code?: string; retryAfterS?: number } }[] } | null;
    const error = said?.errors?.[0];
    return { code: error?.extensions?.code ?? `HTTP_${response.status}`, message: error?.message ?? "", retryAfterS: error?.extensions?.retryAfterS ?? null };
  } catch {
    return { code: "UNREACHABLE", message: "", retryAfterS: null };
  }
}
