//! `millwright models`: how the models stand, what was said in calls to them, and what the same or another one says now.

mod compared;

use super::ask::{graphql_patient, shown, shown_lines};
use crate::settings::Settings;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};

/// A model is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// Asks the program that runs here (`--listen` another), because it alone holds the keys, the budget and the health: start it with
/// `millwright run`. With sign-in, a token is taken from MILLWRIGHT_TOKEN.
#[derive(Debug, Args)]
pub struct Models {
    #[command(subcommand)]
    what: What,
    /// The site; the only one there is, if there is one.
    #[arg(long, global = true)]
    site: Option<String>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The deployments, with health and price.
    List,
    /// Calls whose words are kept, the latest first.
    Calls {
        /// Only those about this case.
        #[arg(long)]
        case: Option<String>,
        #[arg(long, default_value_t = 20)]
        last: u32,
    },
    /// What was asked and answered in a call, and what the same model, or another, says now. Counts on the site's budget.
    Replay {
        /// As `millwright models calls` lists it.
        call: String,
        /// Of this deployment instead.
        #[arg(long, value_name = "DEPLOYMENT")]
        with: Option<String>,
        /// Only show what was; ask nothing.
        #[arg(long, conflicts_with = "with")]
        shown: bool,
        #[arg(long)]
        json: bool,
    },
    /// Hold models against each other on the latest recorded calls: how good, how quick, how dear. Each question counts on the budget.
    Compare {
        /// On so many recorded calls, at most one a case.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
        cases: u32,
        /// These deployments; all of those that may be asked if left out.
        #[arg(long, value_delimiter = ',', value_name = "DEPLOYMENT,…")]
        models: Vec<String>,
        #[arg(long)]
        json: bool,
    },
    /// Destroy all that was said to models about a case, for ever.
    Shred { case: String },
}

const SITES: &str = "{ plants { site } }";
const LIST: &str = "query($site: ID!) { modelDeployments(site: $site) {
    name provider model class local available why until latencyMs price { name input output } } }";
const CALLS: &str = "query($site: ID!, $case: ID, $first: Int!) { modelCalls(site: $site, case: $case, first: $first) {
    call attempt caseId agent deployment answered at bytes state } }";
const WORDS: &str = "kept { call attempt agent deployment at digest } system turns { who text } tools wanted maxOutput temperature seed
    answer { text json toolCalls ending model tokens { total } } failed quality { namesTheCause invented points }";
const SHRED: &str = "mutation($case: ID!) { shredCallWords(case: $case) { keys } }";

impl Models {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let site = || site(settings, self.site.clone());
        match self.what {
            What::List => list(&ask(settings, LIST, json!({ "site": site().await? })).await?["modelDeployments"]),
            What::Calls { case, last } => {
                let calls = ask(settings, CALLS, json!({ "site": site().await?, "case": case, "first": last })).await?;
                calls["modelCalls"].as_array().into_iter().flatten().for_each(|call| println!("{}", line(call)));
            }
            What::Replay { call, with: None, shown: true, json } => {
                let query = format!("query($call: ID!) {{ modelCall(call: $call) {{ {WORDS} }} }}");
                let answer = ask(settings, &query, json!({ "call": call })).await?;
                if json { println!("{}", answer["modelCall"]) } else { print!("{}", words(&answer["modelCall"])) }
            }
            What::Replay { call, with, json, .. } => {
                let replayed = replay(settings, &call, with.as_deref()).await?;
                if json { println!("{replayed}") } else { print!("{}", side_by_side(&replayed)) }
            }
            What::Compare { cases, models, json } => return compared::compare(settings, &site().await?, cases, models, json).await,
            What::Shred { case } => {
                let answer = ask(settings, SHRED, json!({ "case": case })).await?;
                match answer["shredCallWords"]["keys"].as_u64() {
                    Some(0) | None => println!("nothing said about this case was kept any more"),
                    Some(keys) => println!("{keys} keys are destroyed; what was said about this case can never be read again"),
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn ask(settings: &Settings, query: &str, variables: Value) -> Result<Value> {
    graphql_patient(settings, query, variables, PATIENCE).await
}

async fn replay(settings: &Settings, call: &str, with: Option<&str>) -> Result<Value> {
    let query = format!(
        "mutation($call: ID!, $with: ID) {{ replayModelCall(call: $call, with: $with) {{ before {{ {WORDS} }} deployment costNanoDollars tookMs
        now {{ text json toolCalls ending model tokens {{ total }} estimated }} quality {{ namesTheCause invented points }} }} }}"
    );
    Ok(ask(settings, &query, json!({ "call": call, "with": with })).await?["replayModelCall"].take())
}

async fn site(settings: &Settings, named: Option<String>) -> Result<String> {
    if let Some(site) = named {
        return Ok(site);
    }
    let answer = ask(settings, SITES, json!({})).await?;
    let sites: Vec<String> = answer["plants"].as_array().into_iter().flatten().map(|plant| shown(&plant["site"])).collect();
    match sites.as_slice() {
        [only] => Ok(only.clone()),
        [] => bail!("the program that runs here has no site yet"),
        several => bail!("say which site with --site: {}", several.join(", ")),
    }
}

fn list(deployments: &Value) {
    let all = deployments.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        println!("no models are configured; the rules speak alone. Write some under models.deployments (docs/models.md)");
    }
    for one in all {
        let [name, provider, model, class] = ["name", "provider", "model", "class"].map(|key| shown(&one[key]));
        let state = match (one["available"].as_bool(), one["until"].as_str()) {
            (Some(true), _) => "may be asked".into(),
            (_, Some(until)) => format!("left alone until {until}: {}", shown(&one["why"])),
            _ => format!("not asked: {}", shown(&one["why"])),
        };
        let latency = one["latencyMs"].as_u64().map_or_else(|| "not asked lately".into(), |ms| format!("{ms} ms lately"));
        let price = &one["price"];
        let price = match (price["input"].as_i64(), price["output"].as_i64()) {
            (Some(0), Some(0)) => "costs nothing".into(),
            (Some(input), Some(output)) => {
                format!("${} in, ${} out a million tokens, from {}", dollars(input), dollars(output), shown(&price["name"]))
            }
            _ => "no price in force".into(),
        };
        let place = if one["local"] == true { "in this house" } else { "outside" };
        println!("{name}  {provider} {model}  class {class}, {place}\n    {state}; {latency}; {price}");
    }
}

fn dollars(nanos: i64) -> String {
    let text = format!("{:.4}", nanos as f64 / 1e9);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn line(call: &Value) -> String {
    let [name, at, agent, deployment] = ["call", "at", "agent", "deployment"].map(|key| shown(&call[key]));
    let about = call["caseId"].as_str().map_or_else(|| "no case".into(), |case| format!("case {case}"));
    let answered = if call["answered"] == true { "answered" } else { "not answered" };
    let state = match call["state"].as_str() {
        Some("KEPT") => "",
        Some("SHREDDED") => ", its words are destroyed",
        _ => ", only its hash is kept",
    };
    format!("{name}  {at}  {agent} asked {deployment}, {answered}{state}\n    {about}, attempt {}, {} bytes", call["attempt"], call["bytes"])
}

/// What was asked, then what was answered. Every line of others' is indented and has no control characters, so that none can pass for ours.
fn words(words: &Value) -> String {
    let kept = &words["kept"];
    let [agent, deployment, at] = ["agent", "deployment", "at"].map(|key| shown(&kept[key]));
    let mut text = format!("asked by {agent} of {deployment} at {at}\n  system:\n{}", shown_lines(&words["system"], "    "));
    for turn in words["turns"].as_array().into_iter().flatten() {
        text.push_str(&format!("  {}:\n{}", shown(&turn["who"]), shown_lines(&turn["text"], "    ")));
    }
    let [most, temperature, seed] = ["maxOutput", "temperature", "seed"].map(|key| shown(&words[key]));
    text.push_str(&format!("  at most {most} tokens, temperature {}, seed {}\n", or_none(&temperature), or_none(&seed)));
    match words["answer"].is_null() {
        true => text.push_str(&format!("was not answered: {}\n", shown(&words["failed"]))),
        false => text.push_str(&format!("answered then{}:\n{}", judged(&words["quality"]), said(&words["answer"]))),
    }
    text
}

fn side_by_side(replayed: &Value) -> String {
    let now = &replayed["now"];
    let cost = replayed["costNanoDollars"].as_i64().unwrap_or_default();
    format!(
        "{}answered now by {} ({}), {} ms, {} tokens, ${}{}:\n{}",
        words(&replayed["before"]),
        shown(&replayed["deployment"]),
        shown(&now["model"]),
        replayed["tookMs"],
        now["tokens"]["total"],
        dollars(cost),
        judged(&replayed["quality"]),
        said(now)
    )
}

fn said(answer: &Value) -> String {
    let mut text = shown_lines(&answer["text"], "    ");
    for call in answer["toolCalls"].as_array().into_iter().flatten() {
        text.push_str(&format!("    (wanted a tool: {})\n", shown(call)));
    }
    text
}

fn judged(quality: &Value) -> String {
    let cause = match quality["namesTheCause"].as_bool() {
        Some(true) => ", names the cause that was found",
        Some(false) => ", does not name the cause that was found",
        None => "",
    };
    let invented: Vec<String> = quality["invented"].as_array().into_iter().flatten().map(shown).collect();
    if invented.is_empty() { cause.into() } else { format!("{cause}, INVENTED: {}", invented.join("; ")) }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "as it likes" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_cannot_write_a_line_that_looks_like_ours() {
        let answer = json!({ "text": "fine\nanswered now by rules:\u{1b}[2J\r\n  ok", "toolCalls": [] });
        let text = said(&answer);
        assert!(text.lines().all(|line| line.starts_with("    ")) && !text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn prices_are_dollars_without_noise() {
        assert_eq!([250_000_000, 2_000_000_000, 0].map(dollars), ["0.25", "2", "0"]);
    }
}
