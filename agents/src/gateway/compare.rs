//! Models held against each other on recorded cases: how good, how quick, how dear. Each case goes through the gateway, so the budget holds here too.

use super::{
    Gateway,
    question::{Given, Question},
};
use millwright_domain::{
    ids::{ActorId, DeploymentName, derived},
    model_call::{Answer, ModelPolicy, NanoDollars, Prompt},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A prompt as it was asked, and what would have been right.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCase {
    pub name: String,
    pub prompt: Prompt,
    pub expected: Expected,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Fields with their values; others are not looked at.
    Json(Value),
    /// Each of these words, in whatever case and order.
    Words(Vec<String>),
}

/// How one deployment did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub deployment: DeploymentName,
    pub cases: usize,
    pub answered: usize,
    /// From 0 to 1, over all cases: what was not answered is worth nothing.
    pub quality: f64,
    pub median_ms: i64,
    pub worst_ms: i64,
    pub tokens: u64,
    pub cost: NanoDollars,
    /// The cases that were not answered, and why.
    pub failures: Vec<(String, String)>,
}

/// How much of what was expected is there.
pub fn quality(answer: &Answer, expected: &Expected) -> f64 {
    match expected {
        Expected::Json(wanted) => answer.json.as_ref().map_or(0.0, |given| agreement(given, wanted)),
        Expected::Words(words) => {
            let text = answer.said.text.to_lowercase();
            share(words.iter().filter(|word| text.contains(&word.to_lowercase())).count(), words.len())
        }
    }
}

/// Of the wanted fields, at whatever depth, the share that has the wanted value.
fn agreement(given: &Value, wanted: &Value) -> f64 {
    match wanted {
        Value::Object(fields) if !fields.is_empty() => {
            let each = fields.iter().map(|(name, wanted)| given.get(name).map_or(0.0, |given| agreement(given, wanted)));
            each.sum::<f64>() / fields.len() as f64
        }
        _ => f64::from(u8::from(given == wanted)),
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// One row for each deployment, the best first, then the cheapest. `run` names this comparison.
pub async fn compare(gateway: &Gateway, agent: &ActorId, run: &str, cases: &[RecordedCase], deployments: &[DeploymentName]) -> Vec<Row> {
    let mut rows = vec![];
    for deployment in deployments {
        rows.push(row(gateway, agent, run, cases, deployment).await);
    }
    best_first(&mut rows);
    rows
}

/// The best first, then the cheapest.
pub fn best_first(rows: &mut [Row]) {
    rows.sort_by(|one, other| other.quality.total_cmp(&one.quality).then(one.cost.cmp(&other.cost)));
}

async fn row(gateway: &Gateway, agent: &ActorId, run: &str, cases: &[RecordedCase], deployment: &DeploymentName) -> Row {
    let class = gateway.deployments().find(|known| known.name == *deployment).map(|known| known.class.clone());
    let mut scored = vec![];
    for (number, case) in (0..).zip(cases) {
        let call = derived(run, deployment.as_str(), number);
        let (cost, result) = match &class {
            Some(class) => {
                let mut question = Question::new(call, agent.clone(), class.clone(), case.prompt.clone());
                question.policy = ModelPolicy { allowed: Some([deployment.clone()].into()), ..ModelPolicy::default() };
                asked(gateway, &question, &case.expected).await
            }
            None => (NanoDollars(0), Err("there is no such deployment".into())),
        };
        scored.push(Scored { case: case.name.clone(), cost, result });
    }
    row_of(deployment, &scored)
}

async fn asked(gateway: &Gateway, question: &Question, expected: &Expected) -> (NanoDollars, Result<Good, String>) {
    let begun = gateway.clock.now().wall;
    match gateway.ask(question).await {
        // The rules' answer is nobody's merit.
        Ok(Given { plainly: Some(why), cost, .. }) => (cost, Err(why.to_string())),
        Ok(given) => {
            let took_ms = gateway.clock.now().wall.since(begun).num_milliseconds();
            (given.cost, Ok(Good { points: quality(&given.answer, expected), tokens: given.answer.spent.usage.total(), took_ms }))
        }
        Err(why) => (NanoDollars(0), Err(why.to_string())),
    }
}

/// One case that one deployment was asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    pub case: String,
    /// Of all its attempts.
    pub cost: NanoDollars,
    /// Or why there is no answer.
    pub result: Result<Good, String>,
}

/// An answer, as far as it counts here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Good {
    /// From 0 to 1.
    pub points: f64,
    pub tokens: u64,
    pub took_ms: i64,
}

/// What one deployment's answers come to.
pub fn row_of(deployment: &DeploymentName, scored: &[Scored]) -> Row {
    let good: Vec<Good> = scored.iter().filter_map(|one| one.result.as_ref().ok().copied()).collect();
    let mut took: Vec<i64> = good.iter().map(|one| one.took_ms).collect();
    took.sort_unstable();
    let ms = |at: usize| took.get(at).copied().unwrap_or_default();
    let failure = |one: &Scored| one.result.as_ref().err().map(|why| (one.case.clone(), why.clone()));
    Row {
        deployment: deployment.clone(),
        cases: scored.len(),
        answered: good.len(),
        quality: good.iter().fold(0.0, |sum, one| sum + one.points) / scored.len().max(1) as f64,
        median_ms: ms(took.len() / 2),
        worst_ms: ms(took.len().saturating_sub(1)),
        tokens: good.iter().map(|one| one.tokens).sum(),
        cost: scored.iter().fold(NanoDollars(0), |sum, one| sum + one.cost),
        failures: scored.iter().filter_map(failure).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::testing::{Act, Set, question, used};
    use millwright_domain::model_call::CallFailed;
    use serde_json::json;

    #[test]
    fn quality_is_the_share_of_what_was_expected() {
        let wanted = json!({"cause": "bearing_wear", "action": {"name": "reduce", "to": 60}});
        assert_eq!(agreement(&json!({"cause": "bearing_wear", "action": {"name": "reduce", "to": 60}, "more": 1}), &wanted), 1.0);
        assert_eq!(agreement(&json!({"cause": "bearing_wear", "action": {"name": "stop", "to": 60}}), &wanted), 0.75);
        assert_eq!(agreement(&json!("bearing_wear"), &wanted), 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_better_one_comes_first_and_what_failed_is_worth_nothing() {
        let fails = Act::Fail(CallFailed::Refused("400".into()));
        let set = Set::of(
            1_000_000,
            &[("poor", &[Act::Say("no idea", used(10, 2))]), ("good", &[Act::Say("The bearing is worn", used(10, 5))]), ("mute", &[fails])],
        );
        let case = |name: &str, words: &[&str]| RecordedCase {
            name: name.into(),
            prompt: question(1).prompt,
            expected: Expected::Words(words.iter().map(|word| word.to_string()).collect()),
        };
        let cases = [case("one", &["bearing"]), case("two", &["bearing", "clogged"])];
        let names = ["poor", "good", "mute"].map(|name| name.parse().unwrap());
        let rows = compare(&set.gateway, &"svc-test".parse().unwrap(), "run-1", &cases, &names).await;
        let told: Vec<_> = rows.iter().map(|row| (row.deployment.as_str(), row.answered, row.quality, row.tokens, row.median_ms)).collect();
        assert_eq!(told, [("good", 2, 0.75, 30, 100), ("mute", 0, 0.0, 0, 0), ("poor", 2, 0.0, 24, 100)]);
        assert_eq!(rows[1].failures.len(), 2);
        assert_eq!(set.purse.pocket.settled(), 54);
    }
}
