// What each screen asks when it opens; from then on subscriptions keep it true.
import { ActionFields, CaseFull, CaseRow, HealthFields, SignalFields } from "./fragments.ts";
import { graphql, type ResultOf } from "./graphql.ts";

export const PlantsQuery = graphql(
  `
  query Plants($atLeast: Position, $asOf: DateTime) {
    plants(atLeast: $atLeast, asOf: $asOf) {
      site name source
      killSwitch { by reason at }
      links { grafana }
      assets {
        id site name area line cell class vendor
        relearning { proposed canBeTakenBack changedBy changedAt }
        signals { ...SignalFields }
        health { ...HealthFields }
        openCases { ...CaseRow }
      }
    }
  }
`,
  [SignalFields, HealthFields, CaseRow],
);

/** Where the views stand, to listen from there on; and whether time is real. */
export const StandQuery = graphql(`
  query Stand { health { position parts { name detail } } }
`);

export const CaseQuery = graphql(
  `
  query Case($id: ID!, $atLeast: Position, $asOf: DateTime) {
    case(id: $id, atLeast: $atLeast, asOf: $asOf) {
      ...CaseFull
      asset { id name area line cell class signals { ...SignalFields trip { low high } } }
    }
  }
`,
  [CaseFull, SignalFields],
);

export const CasesQuery = graphql(
  `
  query Cases($site: ID, $asset: ID, $status: CaseStatus!, $cause: ID, $find: String, $first: Int!, $after: String, $asOf: DateTime) {
    cases(site: $site, asset: $asset, status: $status, cause: $cause, find: $find, first: $first, after: $after, asOf: $asOf) {
      nodes { ...CaseRow }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [CaseRow],
);

export const CurveQuery = graphql(`
  query Curve($site: ID!, $signal: ID!, $resolution: Resolution!, $from: DateTime!, $to: DateTime!, $first: Int!, $asOf: DateTime) {
    readings(site: $site, signal: $signal, resolution: $resolution, from: $from, to: $to, first: $first, asOf: $asOf) {
      points { at value quality min max notGood }
      truncated
      to
    }
  }
`);

export const AuditQuery = graphql(`
  query Audit($filter: AuditFilter, $first: Int, $after: String, $asOf: DateTime) {
    audit(filter: $filter, first: $first, after: $after, asOf: $asOf) {
      nodes { partition seq id stream version kind schema occurredAt recordedAt actor command causation correlation hash summary json }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

/** What waited for a person at a past time; what waits now is pushed. */
export const ApprovalsQuery = graphql(
  `
  query Approvals($asOf: DateTime) {
    pendingApprovals(asOf: $asOf) { ...ActionFields }
  }
`,
  [ActionFields],
);

export const HealthQuery = graphql(`
  query Health {
    health {
      ok position unknownFacts trouble
      lag { partition next head behind }
      parked { partition stream seq kind reason skipped }
      parts { name ok detail }
    }
  }
`);

export type Plant = ResultOf<typeof PlantsQuery>["plants"][number];
export type Asset = Plant["assets"][number];
export type CaseAsset = NonNullable<NonNullable<ResultOf<typeof CaseQuery>["case"]>["asset"]>;
export type CurvePoint = ResultOf<typeof CurveQuery>["readings"]["points"][number];
export type AuditEntry = ResultOf<typeof AuditQuery>["audit"]["nodes"][number];
export type SystemHealth = ResultOf<typeof HealthQuery>["health"];
