//! `millwright models compare`: each recorded call asked again of each model, one after the other, and a row for each model.

use super::{ask, replay, shown};
use crate::{cli::progress, settings::Settings};
use anyhow::{Context, Result, bail};
use millwright_agents::gateway::compare::{Good, Row, Scored, best_first, row_of};
use millwright_domain::{ids::DeploymentName, model_call::NanoDollars};
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::ExitCode};

/// Recorded calls that are looked through.
const LOOKED_AT: u32 = 500;
const RECORDED: &str = "query($site: ID!, $first: Int!) { modelCalls(site: $site, answered: true, first: $first) { call caseId state } }";
const DEPLOYMENTS: &str = "query($site: ID!) { modelDeployments(site: $site) { name available } }";

pub async fn compare(settings: &Settings, site: &str, cases: u32, models: Vec<String>, as_json: bool) -> Result<ExitCode> {
    let models = deployments(settings, site, models).await?;
    let recorded = ask(settings, RECORDED, json!({ "site": site, "first": LOOKED_AT })).await?;
    let calls = one_a_case(&recorded["modelCalls"], cases as usize);
    if calls.is_empty() {
        bail!("no call is kept whose words can be read; one is with each case that a model wrote about, see `millwright models calls`");
    }
    let bar = progress::bar((calls.len() * models.len()) as u64, "questions");
    let mut rows = vec![];
    for model in &models {
        let mut scored = vec![];
        for call in &calls {
            scored.push(one(settings, call, model).await);
            bar.inc(1);
        }
        rows.push(row_of(model, &scored));
    }
    bar.finish_and_clear();
    best_first(&mut rows);
    if as_json {
        println!("{}", serde_json::to_string(&json!({ "calls": calls, "rows": rows }))?);
    } else {
        rows.iter().for_each(|row| print!("{}", told(row)));
    }
    let is_any = rows.iter().any(|row| row.answered > 0);
    Ok(if is_any { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn deployments(settings: &Settings, site: &str, named: Vec<String>) -> Result<Vec<DeploymentName>> {
    let answer = ask(settings, DEPLOYMENTS, json!({ "site": site })).await?;
    let known: Vec<(String, bool)> =
        answer["modelDeployments"].as_array().into_iter().flatten().map(|one| (shown(&one["name"]), one["available"] == true)).collect();
    let names: Vec<String> = if named.is_empty() { known.iter().filter(|(_, may)| *may).map(|(name, _)| name.clone()).collect() } else { named };
    if let Some(unknown) = names.iter().find(|name| !known.iter().any(|(known, _)| known == *name)) {
        bail!("there is no deployment {unknown}; `millwright models list` shows those that there are");
    }
    if names.is_empty() {
        bail!("no model may be asked now; `millwright models list` says why");
    }
    names.iter().map(|name| name.parse().with_context(|| format!("the deployment {name}"))).collect()
}

/// The latest of each case, so that one case with many calls does not outweigh the others.
fn one_a_case(calls: &Value, most: usize) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let kept = calls.as_array().into_iter().flatten().filter(|call| call["state"] == "KEPT");
    let fresh = kept.filter(|call| seen.insert(call["caseId"].as_str().or(call["call"].as_str()).unwrap_or_default().to_string()));
    fresh.take(most).map(|call| shown(&call["call"])).collect()
}

async fn one(settings: &Settings, call: &str, model: &DeploymentName) -> Scored {
    let (cost, result) = match replay(settings, call, Some(model.as_str())).await {
        Ok(replayed) => {
            let good = Good {
                points: replayed["quality"]["points"].as_f64().unwrap_or_default(),
                tokens: replayed["now"]["tokens"]["total"].as_u64().unwrap_or_default(),
                took_ms: replayed["tookMs"].as_i64().unwrap_or_default(),
            };
            (NanoDollars(replayed["costNanoDollars"].as_i64().unwrap_or_default()), Ok(good))
        }
        Err(why) => (NanoDollars(0), Err(format!("{why:#}"))),
    };
    Scored { case: call.into(), cost, result }
}

fn told(row: &Row) -> String {
    let Row { deployment, cases, answered, quality, median_ms, worst_ms, tokens, cost, failures } = row;
    let mut text = format!(
        "{deployment}: {:.0} % right, {answered} of {cases} answered, median {median_ms} ms, worst {worst_ms} ms, {tokens} tokens, {cost}\n",
        quality * 100.0
    );
    for (case, why) in failures {
        text.push_str(&format!("    {case}: {}\n", shown(&Value::String(why.clone()))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_counts_once_and_only_with_words() {
        let calls = json!([
            { "call": "1", "caseId": "a", "state": "SHREDDED" },
            { "call": "2", "caseId": "a", "state": "KEPT" },
            { "call": "3", "caseId": "a", "state": "KEPT" },
            { "call": "4", "caseId": null, "state": "KEPT" },
            { "call": "5", "caseId": null, "state": "KEPT" },
        ]);
        assert_eq!(one_a_case(&calls, 9), ["2", "4", "5"]);
        assert_eq!(one_a_case(&calls, 1), ["2"]);
    }
}
