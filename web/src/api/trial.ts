// What other rules, or another policy, would have said to what was recorded: told while it is computed, at last with its report.
import { graphql, type ResultOf } from "./graphql.ts";

export const TryRules = graphql(`
  subscription TryRules($site: ID!, $rules: String, $policy: String, $from: DateTime) {
    tryRules(site: $site, rules: $rules, policy: $policy, from: $from) {
      done of etaS
      report {
        reachesBackTo gone new same knownEnds sameRulings
        onlyBefore { at asset what diagnosis confidence }
        onlyAfter { at asset what diagnosis confidence }
        before { hits misses wrong falseAlarms }
        after { hits misses wrong falseAlarms }
        rulings { at case action name asset before after riskBefore riskAfter answerTooLate }
      }
    }
  }
`);

export type TrialStep = ResultOf<typeof TryRules>["tryRules"];
export type TrialReport = NonNullable<TrialStep["report"]>;
export type TrialVerdict = TrialReport["onlyBefore"][number];
