// What went wrong, said so that the reader knows what to do.

export interface Failure {
  networkError?: Error | undefined;
  graphQLErrors?: readonly { message: string }[] | undefined;
}

export function problemOf(failure: Failure | undefined): string {
  if (!failure) return "Millwright answered with nothing. Try again; if it stays so, look into its log.";
  if (failure.networkError) {
    return "Millwright cannot be reached. Check that it runs and that this device is on the plant's network; the page goes on trying.";
  }
  const said = failure.graphQLErrors?.map((error) => error.message).join("; ");
  return said ? `Millwright could not answer: ${said}` : "Millwright could not answer. Look into its log for the reason.";
}
