// What a person may say about what is normal: learn a machine anew, take that back, move a signal's limits.
import { AnsweredFields } from "./fragments.ts";
import { graphql } from "./graphql.ts";

export const ApproveRelearning = graphql(
  `mutation ApproveRelearning($site: ID!, $asset: ID!, $commandId: ID!) {
    answered: approveRelearning(site: $site, asset: $asset, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const RestoreBaseline = graphql(
  `mutation RestoreBaseline($site: ID!, $asset: ID!, $commandId: ID!) {
    answered: restoreBaseline(site: $site, asset: $asset, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const SetThreshold = graphql(
  `mutation SetThreshold($site: ID!, $signal: ID!, $factor: Float!, $note: String!, $commandId: ID!) {
    answered: setThreshold(site: $site, signal: $signal, factor: $factor, note: $note, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);
