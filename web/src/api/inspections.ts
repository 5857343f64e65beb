// What inspections found, what their days came to, and the figures that they look at.
import { graphql, type ResultOf } from "./graphql.ts";

export const FiguresQuery = graphql(`
  query Figures($site: ID!, $atLeast: Position, $asOf: DateTime) {
    figures(site: $site, atLeast: $atLeast, asOf: $asOf) { position openCases waitingApprovals openTasks tasksInReview }
  }
`);

export const InspectionsQuery = graphql(`
  query Inspections($site: ID!, $first: Int!, $days: Int!, $asOf: DateTime) {
    inspections(site: $site, first: $first, asOf: $asOf) {
      slot position compared more cleared picture notSeen
      findings { kind urgent what expected shown }
    }
    inspectionDays(site: $site, first: $days, asOf: $asOf) { from to line details }
  }
`);

export type Figures = ResultOf<typeof FiguresQuery>["figures"];
export type Inspection = ResultOf<typeof InspectionsQuery>["inspections"][number];
export type Finding = Inspection["findings"][number];
export type InspectionDay = ResultOf<typeof InspectionsQuery>["inspectionDays"][number];
