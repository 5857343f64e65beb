// Roles in words, and what is said when somebody is not let in.
import type { Grant, Refused, Role } from "../api/access.ts";

/** The least first: each may do what those before it may. */
export const ROLES: readonly { role: Role; name: string; may: string }[] = [
  { role: "VIEWER", name: "Viewer", may: "look at a site" },
  { role: "OPERATOR", name: "Operator", may: "answer approvals, record outcomes, acknowledge and shelve alarms, lock machines out, stop a site" },
  { role: "ENGINEER", name: "Engineer", may: "release a stopped site, change limits and baselines, take alarms out of service" },
  { role: "ADMIN", name: "Admin", may: "give roles and tokens, enrol and forget people, set budgets" },
];

export function roleName(role: Role): string {
  return ROLES.find((known) => known.role === role)?.name ?? role;
}

/** `Operator at demo, area Filling` */
export function grantText({ role, site, area }: Grant): string {
  return `${roleName(role)} ${site === null ? "everywhere" : `at ${site}`}${area === null ? "" : `, area ${area}`}`;
}

/** What stands of somebody who has no role. Where nobody has to sign in, roles count for nothing yet. */
export function noRoleText(mode: "local" | "sign-in"): string {
  return mode === "local" ? "no role yet" : "no role: may not even look";
}

/** How somebody comes in, where that can be said without a time. */
export function entryText({ isProgram, hasPassword }: { isProgram: boolean; hasPassword: boolean }, mode: "local" | "sign-in"): string {
  if (isProgram) return "a program: may never approve";
  if (hasPassword) return "has not signed in yet";
  return mode === "local" ? "has no password yet, and needs none here" : "has no password";
}

export function sameGrant(one: Grant, other: Grant): boolean {
  return one.role === other.role && one.site === other.site && one.area === other.area;
}

export function refusedText(refused: Refused): string {
  switch (refused.code) {
    case "SIGN_IN_REFUSED":
      return "Name and password do not belong together. If you do not know it any more, an admin can set a new one.";
    case "TOO_MANY_TRIES":
      return `Too many tries. ${refused.retryAfterS === null ? "Wait a while and try again." : `Try again in ${waitText(refused.retryAfterS)}.`}`;
    case "UNREACHABLE":
      return "Millwright cannot be reached. Check that it runs and that this device is on the plant's network.";
    default:
      return refused.message === "" ? `That did not work (${refused.code}). Look into the program's log for the reason.` : refused.message;
  }
}

/** What a browser that comes back from an identity provider is told. */
export function arrivalText(said: string): string {
  switch (said) {
    case "no-role":
      return "You are known there, and have no role here. Ask an admin for one, or ask to be put into a group that has one.";
    case "refused":
      return "The sign-in was broken off or refused there. Try again; if it stays so, ask whoever looks after your account.";
    case "stale":
      return "That sign-in was begun elsewhere, took too long, or was over already. Begin again from here.";
    case "away":
      return "The sign-in service cannot be reached at the moment. Try again soon, or sign in with a password.";
    case "invalid":
      return "What the sign-in service said could not be trusted. An admin finds the reason in the program's log.";
    case "too-many":
      return "Too many tries from here. Wait a while and try again.";
    case "unknown":
      return "There is no such sign-in here any more. Choose one of those below.";
    default:
      return "That did not work. Look into the program's log for the reason, or sign in with a password.";
  }
}

function waitText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

export const SHORTEST_PASSWORD = 12;

/** Null where it may be taken. */
export function passwordProblem(old: string | null, next: string, again: string): string | null {
  if (next.length < SHORTEST_PASSWORD) return `A password has at least ${SHORTEST_PASSWORD} characters; some words after each other are easy to remember.`;
  if (next === old) return "That is the one you have.";
  return next === again ? null : "The two do not say the same.";
}
