// What past cases say about one: asked apart from the case, because the server has to compare and to count for it.
import { graphql, type ResultOf } from "./graphql.ts";

export const CaseInsightQuery = graphql(`
  query CaseInsight($id: ID!, $asOf: DateTime) {
    case(id: $id, asOf: $asOf) {
      id
      diagnosis { record { confirmed refuted calibrated calibratedOn } }
      actions { id trackRecord { tried helped rate } }
      forecasts { signal threshold described velocityPerH from expected earliest latest }
      similar {
        remembered comparedWith calibratedOn
        cases {
          similarity likelyTheSame
          case {
            id status assetId openedAt
            asset { name class vendor }
            diagnosis { cause confidence }
            outcome { outcome trueCause at note }
            actions { name stage endedAt }
          }
        }
      }
    }
  }
`);

export type Insight = NonNullable<ResultOf<typeof CaseInsightQuery>["case"]>;
export type DiagnosisRecord = NonNullable<Insight["diagnosis"]>["record"];
export type TrackRecord = NonNullable<Insight["actions"][number]["trackRecord"]>;
export type Forecast = Insight["forecasts"][number];
export type SimilarCases = Insight["similar"];
export type SimilarCase = SimilarCases["cases"][number];
