//! `millwright inspect`: what the latest inspections found, and what their days came to.

use super::ask::{graphql, shown};
use crate::settings::Settings;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Inspect {
    /// The site; the one there is, if there is one.
    #[arg(long)]
    site: Option<String>,
    /// So many of the latest.
    #[arg(long, default_value_t = 4)]
    last: u32,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

const SITES: &str = "{ plants { site } }";
const LOOK: &str = "query($site: ID!, $first: Int!) {
    inspections(site: $site, first: $first) { slot position compared more cleared picture notSeen findings { kind urgent what expected shown } }
    inspectionDays(site: $site, first: 1) { from to line details } }";

impl Inspect {
    /// Fails if the latest inspection found something urgent, so that a script can go by it.
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let site = match &self.site {
            Some(site) => site.clone(),
            None => only_site(settings).await?,
        };
        let answer = graphql(settings, LOOK, json!({ "site": site, "first": self.last.max(1) })).await?;
        let made = answer["inspections"].as_array().map_or(&[][..], Vec::as_slice);
        if self.json {
            println!("{answer}");
        } else if made.is_empty() {
            println!("{site} was not inspected yet; the first look comes a minute after the start");
        } else {
            made.iter().for_each(told);
            answer["inspectionDays"].as_array().into_iter().flatten().for_each(|day| println!("{}", shown(&day["line"])));
        }
        let urgent = made.first().and_then(|latest| latest["findings"].as_array()).is_some_and(|all| all.iter().any(|one| one["urgent"] == true));
        Ok(if urgent { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

async fn only_site(settings: &Settings) -> Result<String> {
    let answer = graphql(settings, SITES, json!({})).await?;
    let sites: Vec<&str> = answer["plants"].as_array().into_iter().flatten().filter_map(|plant| plant["site"].as_str()).collect();
    match sites.as_slice() {
        [only] => Ok((*only).to_string()),
        [] => anyhow::bail!("no plant is described yet"),
        several => anyhow::bail!("name one with --site: {}", several.join(", ")),
    }
}

fn told(made: &Value) {
    let page = made["notSeen"].as_str().map_or_else(|| shown(&made["picture"]), |why| format!("the page was not looked at: {}", shown(&json!(why))));
    println!("{}  {} figures compared; {page}", shown(&made["slot"]), made["compared"]);
    for finding in made["findings"].as_array().into_iter().flatten() {
        let urgent = if finding["urgent"] == true { "URGENT " } else { "" };
        let [kind, what, expected, seen] = ["kind", "what", "expected", "shown"].map(|key| shown(&finding[key]));
        println!("    {urgent}{kind}: {what}; the ledger says {expected}, shown is {seen}");
    }
}
