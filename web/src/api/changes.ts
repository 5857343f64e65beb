// What the page listens to, and what a person can ask for.
import { ActionFields, AnsweredFields, CaseFull, CaseRow, HealthFields, LatestFields } from "./fragments.ts";
import { graphql } from "./graphql.ts";

export const ReadingsChanged = graphql(
  `
  subscription ReadingsChanged($site: ID!, $signals: [ID!]!) {
    readingsChanged(site: $site, signals: $signals) { readings { ...LatestFields } }
  }
`,
  [LatestFields],
);

export const CasesChanged = graphql(
  `
  subscription CasesChanged($after: Position) {
    caseChanged(after: $after) { case { ...CaseRow asset { health { ...HealthFields } } } }
  }
`,
  [CaseRow, HealthFields],
);

export const CaseChanged = graphql(
  `
  subscription CaseChanged($case: ID!, $after: Position) {
    caseChanged(case: $case, after: $after) { case { ...CaseFull } }
  }
`,
  [CaseFull],
);

export const ApprovalsChanged = graphql(
  `
  subscription ApprovalsChanged {
    pendingApprovalsChanged { pendingApprovals { ...ActionFields } }
  }
`,
  [ActionFields],
);

/** A hint at what is other than it was shown: alarms, switches, baselines and limits; messages, people and days; the crew; or cases alone. */
export const PlantChanged = graphql(`
  subscription PlantChanged {
    plantChanged { plant outside crew }
  }
`);

export const Approve = graphql(
  `mutation Approve($action: ID!, $binding: String!, $commandId: ID!) {
    answered: approveAction(action: $action, binding: $binding, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const Reject = graphql(
  `mutation Reject($action: ID!, $note: String, $commandId: ID!) {
    answered: rejectAction(action: $action, note: $note, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

/** Not this, but that: either another action or another value. */
export const Modify = graphql(
  `mutation Modify($action: ID!, $binding: String!, $name: ID, $value: Float, $commandId: ID!) {
    answered: modifyAction(action: $action, binding: $binding, name: $name, value: $value, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const Delegate = graphql(
  `mutation Delegate($action: ID!, $to: ID!, $commandId: ID!) {
    answered: delegateApproval(action: $action, to: $to, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const Verify = graphql(
  `mutation Verify($action: ID!, $took: Boolean!, $note: String, $commandId: ID!) {
    answered: verifyAction(action: $action, took: $took, note: $note, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const RecordOutcome = graphql(
  `mutation RecordOutcome($case: ID!, $outcome: Outcome!, $note: String, $trueCause: ID, $commandId: ID!) {
    answered: recordOutcome(case: $case, outcome: $outcome, note: $note, trueCause: $trueCause, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const EngageKillSwitch = graphql(
  `mutation EngageKillSwitch($site: ID!, $reason: String!, $commandId: ID!) {
    answered: engageKillSwitch(site: $site, reason: $reason, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const ReleaseKillSwitch = graphql(
  `mutation ReleaseKillSwitch($site: ID!, $commandId: ID!) {
    answered: releaseKillSwitch(site: $site, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);
