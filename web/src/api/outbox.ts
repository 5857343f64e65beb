// What is to leave the house, or has: messages and what waits for a person, tickets, and what a person may say about them.
import { AnsweredFields, TicketFields } from "./fragments.ts";
import { type FragmentOf, graphql } from "./graphql.ts";

export const NoticeFields = graphql(`
  fragment NoticeFields on Notice {
    id site target subject body caseId stage attempts wantedAt changedAt reason retryAt readAt
  }
`);

export const DeadLettersQuery = graphql(
  `
  query DeadLetters($atLeast: Position) {
    deadLetters(atLeast: $atLeast) { ...NoticeFields }
  }
`,
  [NoticeFields],
);

export const NoticesQuery = graphql(
  `
  query Notices($case: ID, $first: Int!, $after: String, $atLeast: Position) {
    notices(case: $case, first: $first, after: $after, atLeast: $atLeast) {
      nodes { ...NoticeFields }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [NoticeFields],
);

export const TicketsQuery = graphql(
  `
  query Tickets($first: Int!, $after: String) {
    tickets(first: $first, after: $after) {
      nodes { ...TicketFields }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [TicketFields],
);

export const RetryNotice = graphql(
  `mutation RetryNotice($notice: ID!, $commandId: ID!) {
    answered: retryNotice(notice: $notice, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const DropNotice = graphql(
  `mutation DropNotice($notice: ID!, $commandId: ID!) {
    answered: dropNotice(notice: $notice, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export type Notice = FragmentOf<typeof NoticeFields>;
export type NoticeStage = Notice["stage"];
