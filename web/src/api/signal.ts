// What happened to a signal's machine: the facts of its cases that belong on the signal's curve.
import { graphql, type ResultOf } from "./graphql.ts";

export const HappenedQuery = graphql(`
  query Happened($site: ID!, $asset: ID!, $from: DateTime!, $to: DateTime!, $first: Int!, $asOf: DateTime) {
    cases(site: $site, asset: $asset, from: $from, to: $to, first: $first, asOf: $asOf) {
      nodes {
        id status openedAt closedAt
        diagnosis { cause }
        timeline { seq kind occurredAt summary evidence { signal } }
      }
      pageInfo { hasNextPage }
    }
  }
`);

export type HappenedCase = ResultOf<typeof HappenedQuery>["cases"]["nodes"][number];
