//! A simulated run that is over or still going on: its cases against what the simulator really did.

use super::Found;
use crate::{app::log::read_only, settings::Settings};
use anyhow::{Result, ensure};
use millwright_agents::evaluate::{FaultReport, compare_with_truth, simulated_sites};
use serde_json::{Value, json};
use std::path::Path;

/// `data` is the run's data folder (`--data` of the demo). Its log is only read.
pub(super) async fn evaluate(data: &Path, settings: &Settings) -> Result<Found> {
    let log = read_only(&Settings { data: data.into(), ..settings.clone() }).await?;
    let sites = simulated_sites(&*log).await?;
    ensure!(!sites.is_empty(), "nothing was simulated in {}; give the data folder of a demo", data.display());
    let (mut figures, mut details, mut reports) = (vec![], String::new(), vec![]);
    for site in sites {
        let report = compare_with_truth(&*log, &site).await?;
        figures.push((site.to_string(), in_words(&report)));
        details.push_str(&format!("\n### {site}\n\n{}", report.markdown()));
        reports.push(json!({ "site": site, "report": report, "precision": report.precision(), "recall": report.recall() }));
    }
    Ok(Found { details, ..Found::new("Simulated runs: cases against what was really wrong", figures, Value::Array(reports))? })
}

fn in_words(report: &FaultReport) -> String {
    let after = report.median_seconds_to_alert().map_or_else(String::new, |seconds| format!(", alerted after {seconds:.0} s (median)"));
    let told = report.median_seconds_to_message().map_or_else(String::new, |seconds| format!(", told after {seconds:.0} s"));
    let (named, faults, cases) = (report.named, report.faults, report.cases.len());
    let (false_cases, a_day) = (report.false_cases(), report.false_cases_a_day());
    format!("{named} of {faults} faults named{after}{told}; {cases} cases, {false_cases} of them about nothing ({a_day:.1} a day)")
}
