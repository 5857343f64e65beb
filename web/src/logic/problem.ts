// What went wrong, said so that the reader knows what to do.
import { codeOf } from "./refusal.ts";

export interface Failure {
  networkError?: Error | undefined;
  graphQLErrors?: readonly { message: string; extensions?: Record<string, unknown> | undefined }[] | undefined;
}

export function problemOf(failure: Failure | undefined): string {
  if (!failure) return "Millwright answered with nothing. Try again; if it stays so, look into its log.";
  if (failure.networkError) {
    return "Millwright cannot be reached. Check that it runs and that this device is on the plant's network; the page goes on trying.";
  }
  const said = failure.graphQLErrors?.map((error) => error.message).join("; ") ?? "";
  switch (codeOf(failure)) {
    case "NOT_SIGNED_IN":
      return "You are not signed in any more. Sign in again to go on.";
    case "NOT_ALLOWED":
      return `You may not do this: ${said.replace(/\.$/, "")}.${said.includes("admin") ? "" : " An admin can give you the role under System, Access."}`;
    case "NOT_TEMPORAL":
      return "This is not kept for past times. Go back to now to see it.";
    default:
      return said ? `Millwright could not answer: ${said}` : "Millwright could not answer. Look into its log for the reason.";
  }
}
