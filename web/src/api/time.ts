// Which times can be looked at, what of weight happened in them, and two of them compared.
import { graphql, type ResultOf } from "./graphql.ts";

export const LogExtentQuery = graphql(`
  query LogExtent { logExtent { first last facts } }
`);

/** One question for each kind: the ledger filters by one. */
export const WeightyQuery = graphql(`
  query Weighty($first: Int!) {
    alerts: audit(filter: { kind: "AlertRaised" }, first: $first) { nodes { id kind recordedAt summary } pageInfo { hasNextPage } }
    proposals: audit(filter: { kind: "ActionProposed" }, first: $first) { nodes { id kind recordedAt summary } pageInfo { hasNextPage } }
    approvals: audit(filter: { kind: "ActionApproved" }, first: $first) { nodes { id kind recordedAt summary } pageInfo { hasNextPage } }
    actions: audit(filter: { kind: "ActionCompleted" }, first: $first) { nodes { id kind recordedAt summary } pageInfo { hasNextPage } }
    outcomes: audit(filter: { kind: "OutcomeRecorded" }, first: $first) { nodes { id kind recordedAt summary } pageInfo { hasNextPage } }
    stops: audit(filter: { kind: "KillSwitchEngaged" }, first: $first) { nodes { id kind recordedAt summary } pageInfo { hasNextPage } }
  }
`);

export const ComparisonQuery = graphql(`
  query Compared($site: ID, $from: DateTime!, $to: DateTime!) {
    comparison(site: $site, from: $from, to: $to) {
      from to truncated
      cases { case site asset before after causeBefore causeAfter }
      approvals { action case site name before after decidedBy }
      actions { action case site name before after decidedBy }
      alarms { site asset detector severity before after raisedBefore raisedAfter }
    }
  }
`);

export type Weighty = ResultOf<typeof WeightyQuery>["alerts"]["nodes"][number];
export type Comparison = ResultOf<typeof ComparisonQuery>["comparison"];
