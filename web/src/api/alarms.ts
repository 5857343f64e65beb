// Alarms by their ISA-18.2 state, what a person may say about one, and how well all of them serve.
import { AnsweredFields, EvidenceFields } from "./fragments.ts";
import { graphql, type ResultOf } from "./graphql.ts";

export const AlarmsQuery = graphql(
  `
  query Alarms($site: ID!, $atLeast: Position, $asOf: DateTime) {
    alarms(site: $site, atLeast: $atLeast, asOf: $asOf) {
      site asset detector state severity raisedAt raised changedAt acknowledgedBy shelvedUntil silencedBy reason
      evidence { ...EvidenceFields }
    }
  }
`,
  [EvidenceFields],
);

export const AlarmPerformanceQuery = graphql(`
  query AlarmPerformance($site: ID!, $from: DateTime!, $to: DateTime!, $asOf: DateTime) {
    alarmPerformance(site: $site, from: $from, to: $to, asOf: $asOf) {
      from to raised inFlood
      figures { code name value unit target met }
      top { asset detector count chatters }
      bySeverity { severity share }
    }
  }
`);

export const AcknowledgeAlarm = graphql(
  `mutation AcknowledgeAlarm($site: ID!, $asset: ID!, $detector: String!, $commandId: ID!) {
    answered: acknowledgeAlarm(site: $site, asset: $asset, detector: $detector, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const ShelveAlarm = graphql(
  `mutation ShelveAlarm($site: ID!, $asset: ID!, $detector: String!, $minutes: Int!, $reason: String!, $commandId: ID!) {
    answered: shelveAlarm(site: $site, asset: $asset, detector: $detector, minutes: $minutes, reason: $reason, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const UnshelveAlarm = graphql(
  `mutation UnshelveAlarm($site: ID!, $asset: ID!, $detector: String!, $commandId: ID!) {
    answered: unshelveAlarm(site: $site, asset: $asset, detector: $detector, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const TakeAlarmOutOfService = graphql(
  `mutation TakeAlarmOutOfService($site: ID!, $asset: ID!, $detector: String!, $reason: String!, $commandId: ID!) {
    answered: takeAlarmOutOfService(site: $site, asset: $asset, detector: $detector, reason: $reason, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const ReturnAlarmToService = graphql(
  `mutation ReturnAlarmToService($site: ID!, $asset: ID!, $detector: String!, $commandId: ID!) {
    answered: returnAlarmToService(site: $site, asset: $asset, detector: $detector, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export type Alarm = ResultOf<typeof AlarmsQuery>["alarms"][number];
export type AlarmState = Alarm["state"];
export type AlarmPerformance = ResultOf<typeof AlarmPerformanceQuery>["alarmPerformance"];
export type AlarmFigure = AlarmPerformance["figures"][number];
export type SeverityShare = AlarmPerformance["bySeverity"][number];
