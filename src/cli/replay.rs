//! `millwright replay`: the state of a site as of any time, folded from the log; or what other rules would have done.

use super::progress;
use crate::{
    app::{log::read_only, replay},
    settings::Settings,
};
use anyhow::{Result, bail};
use clap::Args;
use millwright_domain::{Timestamp, ids::SiteId, position::PartitionId};
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, Args)]
pub struct Replay {
    /// The site; the only one there is, if there is one.
    #[arg(long)]
    site: Option<SiteId>,
    /// The state at this time of recording (RFC 3339, like 2026-01-15T08:30:00Z).
    #[arg(long, value_name = "TIME", conflicts_with_all = ["to", "rules"])]
    as_of: Option<Timestamp>,
    /// The state before this seq of the site's partition.
    #[arg(long, value_name = "OFFSET", conflicts_with = "rules")]
    to: Option<u64>,
    /// Run these rules over the recorded readings and show which alerts and diagnoses would differ.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
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
        let answer = match (self.as_of, self.to, &self.rules) {
            (None, None, None) => bail!("say what to replay: --as-of TIME, --to OFFSET, or --rules FILE"),
            (_, _, Some(rules)) => replay::with_rules(log.clone(), &partition, rules, &settings, &progress::bar(0, "scans")).await?,
            (as_of, to, None) => replay::state(&*log, &partition, replay::Until { as_of, seq: to }, &progress::bar(0, "facts")).await?,
        };
        match self.json {
            true => println!("{}", serde_json::to_string(&answer.json)?),
            false => print!("{}", answer.text),
        }
        Ok(ExitCode::SUCCESS)
    }
}
