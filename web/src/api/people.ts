// How people are known outside, and what the days came to that they are told of.
import { AnsweredFields } from "./fragments.ts";
import { graphql, type ResultOf } from "./graphql.ts";

export const ContactsQuery = graphql(`
  query Contacts($atLeast: Position) {
    contacts(atLeast: $atLeast) { person way addressHint proved codeExpiresAt changedAt }
  }
`);

export const SummariesQuery = graphql(`
  query Summaries($site: ID!, $first: Int!, $asOf: DateTime) {
    summaries(site: $site, first: $first, asOf: $asOf) { kind from to line details }
  }
`);

/** Answers with the code itself, once; so it has no command id that could be answered again. */
export const OfferEnrolment = graphql(`
  mutation OfferEnrolment($person: ID!, $way: String!) {
    offered: offerEnrolment(person: $person, way: $way) { code expiresAt position }
  }
`);

export const EnrolContact = graphql(
  `mutation EnrolContact($person: ID!, $way: String!, $address: String!, $commandId: ID!) {
    answered: enrolContact(person: $person, way: $way, address: $address, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const RemoveContact = graphql(
  `mutation RemoveContact($person: ID!, $way: String!, $commandId: ID!) {
    answered: removeContact(person: $person, way: $way, commandId: $commandId) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export type Contact = ResultOf<typeof ContactsQuery>["contacts"][number];
export type Summary = ResultOf<typeof SummariesQuery>["summaries"][number];
