// What the screens show of each thing, asked for in the same way by queries and subscriptions.
import { type FragmentOf, graphql } from "./graphql.ts";

export const LatestFields = graphql(`
  fragment LatestFields on LatestReading { signal at receivedAt value quality }
`);

export const HealthFields = graphql(`
  fragment HealthFields on AssetHealth {
    site asset state openCases worstSeverity lastAlertAt lockedOut { by tag at }
    closedCases repaired falseAlarms lastOutcome lastOutcomeAt
  }
`);

export const EvidenceFields = graphql(`
  fragment EvidenceFields on Evidence { signal kind feature magnitude current expected windowS at }
`);

export const AnsweredFields = graphql(`
  fragment AnsweredFields on Answered { kind code reason position commandId }
`);

export const ActionFields = graphql(`
  fragment ActionFields on Action {
    id site caseId name stage ruling what
    write { device signal value unit tolerance }
    message { to text }
    binding proposedBy proposedAt expiresAt
    preconditions { signal value at }
    decidedBy decidedAt note startedAt
    observed { signal value at }
    endedAt readBack reason
    risk yesNeeded yes alsoAsked reminders escalations insteadOf sent verifiedBy
  }
`);

export const NoticeFields = graphql(`
  fragment NoticeFields on Notice {
    id site target subject body caseId stage attempts wantedAt changedAt reason retryAt readAt
  }
`);

export const TicketFields = graphql(`
  fragment TicketFields on Ticket { system ticket url site caseId openedAt changedAt touched lastDeed lastMeant lastBy }
`);

export const CaseRow = graphql(
  `
  fragment CaseRow on Case {
    id site assetId status stage openedAt closedAt changedAt alerts severity onlyLate
    asset { id name area line }
    diagnosis { cause confidence }
    evidence { ...EvidenceFields }
    outcome { outcome by at trueCause }
  }
`,
  [EvidenceFields],
);

export const SignalFields = graphql(
  `
  fragment SignalFields on Signal {
    id device kind unit
    range { low high }
    writable { rated maxStep limits { low high } }
    latest { ...LatestFields }
    baseline { mean std }
    threshold { factor was by at reason }
  }
`,
  [LatestFields],
);

export const CaseFull = graphql(
  `
  fragment CaseFull on Case {
    id site assetId status stage openedAt closedAt changedAt alerts lastAlertAt detector severity onlyLate branchedFrom
    evidence { ...EvidenceFields }
    diagnosis {
      cause confidence by at explanation suggests
      evidenceFor { ...EvidenceFields }
      evidenceAgainst { ...EvidenceFields }
    }
    investigation {
      openedAt dueAt
      parts { agent state text why citations { document revision page quote } model tookMs at }
      report { by text model missing at }
    }
    change { kind because at evidence { ...EvidenceFields } }
    actions { ...ActionFields }
    outcome { outcome by at note trueCause credited closes }
    tickets { ...TicketFields }
    timeline { id causation partition seq kind occurredAt recordedAt actor summary action note evidence { ...EvidenceFields } }
  }
`,
  [EvidenceFields, ActionFields, TicketFields],
);

export const TaskFields = graphql(`
  fragment TaskFields on Task {
    id site title details needs caseId priority deadline estimatedTokens autonomous labels dependsOn origin filedBy filedAt changedAt
    stage steps lease { agent fence since until } agent fence result tests { fence passed report by at }
    blockedBy blockedSince failures failureClass failureReason note acceptedBy marks whyQueued
  }
`);

export const LetterFields = graphql(`
  fragment LetterFields on Letter {
    id site from to kind priority body caseId taskId inReplyTo hops sentAt ackBy state repeats acknowledgedBy escalatedTo
  }
`);

export type Latest = FragmentOf<typeof LatestFields>;
export type AssetHealth = FragmentOf<typeof HealthFields>;
export type Evidence = FragmentOf<typeof EvidenceFields>;
export type Action = FragmentOf<typeof ActionFields>;
export type Notice = FragmentOf<typeof NoticeFields>;
export type NoticeStage = Notice["stage"];
export type Ticket = FragmentOf<typeof TicketFields>;
export type CaseSummary = FragmentOf<typeof CaseRow>;
export type Signal = FragmentOf<typeof SignalFields>;
export type Case = FragmentOf<typeof CaseFull>;
export type Investigation = NonNullable<Case["investigation"]>;
export type Part = Investigation["parts"][number];
export type Change = NonNullable<Case["change"]>;
export type Threshold = NonNullable<Signal["threshold"]>;
export type Answered = FragmentOf<typeof AnsweredFields>;
export type Fact = Case["timeline"][number];
export type Risk = Action["risk"];
export type Quality = Latest["quality"];
export type Severity = NonNullable<Case["severity"]>;
export type OutcomeKind = NonNullable<Case["outcome"]>["outcome"];
