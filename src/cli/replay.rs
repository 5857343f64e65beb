//! `millwright replay`: the state of a site as of any time, two times compared, or what other rules or another policy would have done.

use super::progress;
use crate::{
    app::{
        log::read_only,
        replay::{self, Replayed},
        rules_trial::{Parts, tried},
    },
    configured,
    settings::Settings,
};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use indicatif::ProgressBar;
use millwright_domain::{Timestamp, ids::SiteId, ports::event_log::EventLog, position::PartitionId};
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

#[derive(Debug, Args)]
pub struct Replay {
    /// The site; the only one there is, if there is one.
    #[arg(long)]
    site: Option<SiteId>,
    /// The state at this time of recording (RFC 3339, like 2026-01-15T08:30:00Z).
    #[arg(long, value_name = "TIME", conflicts_with_all = ["to", "rules", "policy", "compare"])]
    as_of: Option<Timestamp>,
    /// The state before this seq of the site's partition.
    #[arg(long, value_name = "OFFSET", conflicts_with_all = ["rules", "policy", "compare"])]
    to: Option<u64>,
    /// What is otherwise at the second time of recording than at the first.
    #[arg(long, num_args = 2, value_names = ["TIME", "TIME"], conflicts_with_all = ["rules", "policy"])]
    compare: Vec<Timestamp>,
    /// Run these rules over the recorded readings and show which alerts and diagnoses would differ.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Hold this policy against every proposal there was and show which it would have treated otherwise.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let log = read_only(&settings).await?;
        let partition = match &self.site {
            Some(site) => PartitionId::site(site),
            None => replay::only_site(&*log).await?,
        };
        let bar = progress::bar(0, if self.rules.is_some() { "scans" } else { "facts" });
        let began = Instant::now();
        let answer = self.answer(log, &partition, &settings, &bar).await?;
        let pace = pace(&bar, began);
        match self.json {
            true => println!("{}", serde_json::to_string(&answer.json)?),
            false => print!("{}", answer.text),
        }
        eprintln!("{pace}");
        Ok(ExitCode::SUCCESS)
    }

    async fn answer(&self, log: Arc<dyn EventLog>, partition: &PartitionId, settings: &Settings, bar: &ProgressBar) -> Result<Replayed> {
        if self.rules.is_some() || self.policy.is_some() {
            return self.tried(log, partition, settings, bar).await;
        }
        match (self.as_of, self.to, &self.compare[..]) {
            (_, _, [from, to]) => {
                ensure!(from <= to, "the first time is not after the second");
                replay::compared(&*log, partition, [*from, *to], bar).await
            }
            (None, None, _) => bail!("say what to replay: --as-of TIME, --to OFFSET, --compare TIME TIME, --rules FILE, or --policy FILE"),
            (as_of, seq, _) => replay::state(&*log, partition, replay::Until { as_of, seq }, bar).await,
        }
    }

    async fn tried(&self, log: Arc<dyn EventLog>, partition: &PartitionId, settings: &Settings, bar: &ProgressBar) -> Result<Replayed> {
        let site = partition.as_site().context("only a site has readings")?;
        let rules = self.rules.as_ref().map(|path| if path.is_dir() { configured::rules(path) } else { configured::rule_file(path) });
        let policy = self.policy.as_ref().map(|path| configured::policy(path));
        let asked = (self.rules.is_some().then_some(settings.monitor.learning_s), self.policy.is_some());
        let parts = Parts { site, rules: rules.transpose()?, policy: policy.transpose()?, span: [None, None] };
        let in_force = if parts.rules.is_some() { configured::rules(&settings.rules)? } else { configured::shipped_rules()? };
        let told = |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        };
        let tried = tried(log, in_force, settings.monitor, parts, &told).await?;
        bar.finish_and_clear();
        Ok(Replayed { json: serde_json::to_value(&tried)?, text: replay::trial_text(&tried, asked.0, asked.1) })
    }
}

/// How fast it was, and the most memory that it took.
fn pace(bar: &ProgressBar, began: Instant) -> String {
    let took = began.elapsed().as_secs_f64();
    let rate = bar.position() as f64 / took.max(1e-6);
    let memory = progress::peak_mb().map_or_else(String::new, |peak| format!(", {peak} MB of memory at most"));
    format!("{} records in {took:.1} s, {rate:.0} a second{memory}", bar.position())
}
