// What is to leave the house, or has: messages and what waits for a person, tickets, and what a person may say about them.
import { AnsweredFields, NoticeFields, TicketFields } from "./fragments.ts";
import { graphql } from "./graphql.ts";

export const DeadLettersQuery = graphql(
  `
  query DeadLetters($atLeast: Position, $asOf: DateTime) {
    deadLetters(atLeast: $atLeast, asOf: $asOf) { ...NoticeFields }
  }
`,
  [NoticeFields],
);

export const NoticesQuery = graphql(
  `
  query Notices($case: ID, $first: Int!, $after: String, $atLeast: Position, $asOf: DateTime) {
    notices(case: $case, first: $first, after: $after, atLeast: $atLeast, asOf: $asOf) {
      nodes { ...NoticeFields }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [NoticeFields],
);

export const TicketsQuery = graphql(
  `
  query Tickets($first: Int!, $after: String, $asOf: DateTime) {
    tickets(first: $first, after: $after, asOf: $asOf) {
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
