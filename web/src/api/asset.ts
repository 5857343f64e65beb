// One machine as its own screen shows it: what was learned of it, its past, its alarms; and the tag that keeps hands safe.
import { AnsweredFields, CaseRow, EvidenceFields, HealthFields, SignalFields } from "./fragments.ts";
import { graphql, type ResultOf } from "./graphql.ts";

export const AssetQuery = graphql(
  `
  query Asset($site: ID!, $asset: ID!, $atLeast: Position, $asOf: DateTime) {
    asset(site: $site, asset: $asset, atLeast: $atLeast, asOf: $asOf) {
      id site name area line cell class vendor
      relearning { proposed canBeTakenBack changedBy changedAt }
      health { ...HealthFields }
      openCases { ...CaseRow }
      signals { ...SignalFields trip { low high } learned: baseline { version count mean std p95 p99 learnedFrom learnedTo } }
    }
  }
`,
  [SignalFields, HealthFields, CaseRow],
);

export const AssetPastQuery = graphql(
  `
  query AssetPast($site: ID!, $asset: ID!, $first: Int!, $asOf: DateTime) {
    cases(site: $site, asset: $asset, status: CLOSED, first: $first, asOf: $asOf) {
      nodes { ...CaseRow }
      pageInfo { hasNextPage }
    }
    alarms(site: $site, asOf: $asOf) { asset detector state severity raisedAt raised changedAt evidence { ...EvidenceFields } }
  }
`,
  [CaseRow, EvidenceFields],
);

export const LockOut = graphql(
  `mutation LockOut($site: ID!, $asset: ID!, $tag: String!, $commandId: ID!) {
    answered: lockOutAsset(site: $site, asset: $asset, tag: $tag, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const ReturnToService = graphql(
  `mutation ReturnToService($site: ID!, $asset: ID!, $commandId: ID!) {
    answered: returnAssetToService(site: $site, asset: $asset, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export type AssetDetail = NonNullable<ResultOf<typeof AssetQuery>["asset"]>;
export type LearnedSignal = AssetDetail["signals"][number];
export type AssetAlarm = ResultOf<typeof AssetPastQuery>["alarms"][number];
