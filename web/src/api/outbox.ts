// What is to leave the house, or has: messages and what waits for a person, tickets, and what a person may say about them.
import { AnsweredFields, NoticeFields, TicketFields } from "./fragments.ts";
import { graphql } from "./graphql.ts";

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
