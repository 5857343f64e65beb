//! `millwright health`: asks the program that runs here how it is. For health checks, so that no image needs more than the program.

use super::reach::reach;
use crate::settings::Settings;
use anyhow::{Context, Result};
use clap::Args;
use std::{process::ExitCode, time::Duration};

/// Longer than a well program ever takes; a health check has less patience than a person.
const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Debug, Args)]
pub struct Health {}

impl Health {
    /// The report goes to standard output; it ends well exactly when all is well.
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let (asking, base) = reach(settings, PATIENCE)?;
        let url = format!("{base}/health");
        let answer =
            asking.get(&url).send().await.with_context(|| format!("nothing answers at {url}; is millwright running? --listen asks another"))?;
        let well = answer.status().is_success();
        println!("{}", answer.text().await.context("the report did not arrive whole")?);
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
