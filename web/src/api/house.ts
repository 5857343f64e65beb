// How the house is set: what calls may cost, who holds what of it, and every setting with where it comes from.
import { AnsweredFields } from "./fragments.ts";
import { graphql, type ResultOf } from "./graphql.ts";

export const BudgetsQuery = graphql(`
  query Budgets($atLeast: Position, $asOf: DateTime) {
    budgets(atLeast: $atLeast, asOf: $asOf) {
      partition scope tokensPerHour tokensPerDay tokensPerMonth tokensInAll keptPercent isUnlimited calls
      windows { window limit settled held remaining warned toldPercent resetsAt }
      held { agent tokens since until lane about dispatched }
    }
  }
`);

export const SetBudget = graphql(
  `mutation SetBudget($site: ID, $scope: String!, $tokensPerHour: Int!, $tokensPerDay: Int!, $tokensPerMonth: Int, $keptPercent: Int!, $commandId: ID!) {
    answered: setBudget(
      site: $site, scope: $scope, tokensPerHour: $tokensPerHour, tokensPerDay: $tokensPerDay, tokensPerMonth: $tokensPerMonth, keptPercent: $keptPercent, commandId: $commandId
    ) { ...AnsweredFields }
  }`,
  [AnsweredFields],
);

export const SettingsQuery = graphql(`
  query Settings { settings { key value origin doc default } }
`);

export type Budget = ResultOf<typeof BudgetsQuery>["budgets"][number];
export type BudgetWindow = Budget["windows"][number];
export type Setting = ResultOf<typeof SettingsQuery>["settings"][number];
