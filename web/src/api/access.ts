// Who looks at the page: signing in and out by plain requests with a cookie, and who may do what by GraphQL.
import { AnsweredFields } from "./fragments.ts";
import { graphql, type ResultOf } from "./graphql.ts";

export const MeQuery = graphql(`
  query Me { me { person name mode roles { role site area } may } }
`);

/** For admins: everybody with a name or a role, with their tokens. */
export const PrincipalsQuery = graphql(`
  query Principals($atLeast: Position) {
    principals(atLeast: $atLeast) {
      id name isProgram signedInAt signedInBy hasPassword
      roles { role site area }
      tokens { id holder label atMost expiresAt issuedBy issuedAt revokedAt }
    }
  }
`);

export const SetGrants = graphql(
  `mutation SetGrants($principal: ID!, $roles: [RoleGrantInput!]!, $commandId: ID!) {
    answered: setGrants(principal: $principal, roles: $roles, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

/** Answers with the token itself, once; so it has no command id that could be answered again. */
export const IssueToken = graphql(
  `mutation IssueToken($holder: ID!, $label: String!, $atMost: Role!, $expiresAt: DateTime!) {
    issued: issueToken(holder: $holder, label: $label, atMost: $atMost, expiresAt: $expiresAt) { token answered { ...AnsweredFields } }
  }`,
  [AnsweredFields],
);

export const RevokeToken = graphql(
  `mutation RevokeToken($token: ID!, $commandId: ID!) {
    answered: revokeToken(token: $token, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

/** Likewise shown once. */
export const ResetPassword = graphql(`
  mutation ResetPassword($person: ID!) {
    made: resetPassword(person: $person) { password position }
  }
`);

export type Principal = ResultOf<typeof PrincipalsQuery>["principals"][number];
export type Token = Principal["tokens"][number];
export type Grant = Principal["roles"][number];
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
    const said = (await response.json()) as Partial<Signed>;
    return { ...LOCAL, ...said, roles: (said.roles ?? []).map(asGrant) };
  } catch {
    return LOCAL;
  }
}

/** Beside GraphQL roles are written as facts have them: `operator`, and nothing where it counts everywhere. */
function asGrant({ role, site, area }: Partial<Grant>): Grant {
  return { role: (role ?? "VIEWER").toUpperCase() as Role, site: site ?? null, area: area ?? null };
}

export interface Refused {
  code: string;
  message: string;
  retryAfterS: number | null;
}

export const signIn = (person: string, password: string): Promise<Refused | null> => post("/access/sign-in", { person, password });
/** Where a house's own sign-in has a session of its own, the address at which the browser ends that. */
export async function signOut(): Promise<string | null> {
  try {
    const response = await fetch("/access/sign-out", { method: "POST", headers: { ...FROM_PAGE, "content-type": "application/json" }, body: "{}" });
    if (response.status !== 200) return null;
    const said = (await response.json()) as { goTo?: unknown };
    return typeof said.goTo === "string" && /^https?:/.test(said.goTo) ? said.goTo : null;
  } catch {
    return null;
  }
}
export const changePassword = (old: string, next: string): Promise<Refused | null> => post("/access/password", { old, new: next });

/** Null: it was done. */
async function post(path: string, body: object): Promise<Refused | null> {
  try {
    const response = await fetch(path, { method: "POST", headers: { ...FROM_PAGE, "content-type": "application/json" }, body: JSON.stringify(body) });
    if (response.ok) return null;
    const said = (await response.json().catch(() => null)) as { errors?: { message?: string; extensions?: { code?: string; retryAfterS?: number } }[] } | null;
    const error = said?.errors?.[0];
    return { code: error?.extensions?.code ?? `HTTP_${response.status}`, message: error?.message ?? "", retryAfterS: error?.extensions?.retryAfterS ?? (Number(response.headers.get("retry-after")) || null) };
  } catch {
    return { code: "UNREACHABLE", message: "", retryAfterS: null };
  }
}
