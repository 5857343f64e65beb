//! The command line: one file a subcommand.

mod ask;
mod audit;
mod backup;
mod bench;
mod check;
mod crew;
mod demo;
mod evaluate;
mod health;
mod import;
mod inspect;
mod kafka;
mod log;
mod manuals;
mod models;
mod outbox;
mod people;
mod plant;
mod progress;
mod reach;
mod rebuild;
mod replay;
mod run;
mod simulate;

use crate::{
    settings::{LogFormat, Settings},
    telemetry,
};
use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

/// Event-sourced maintenance: collects readings, notices drift, says why, asks, acts within limits, remembers.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Sub,
}

/// What every subcommand takes; wins over file and environment.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// Settings file; `millwright.toml` in this folder if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where log, projections and keys live.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of the page and of GraphQL; port 0 takes a free one.
    #[arg(long, global = true, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Filter of the program's own log: `warn`, `info`, `debug`, …
    #[arg(long, global = true, value_name = "FILTER")]
    log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Collect, watch, decide, act: the whole program for the configured plant.
    Run(run::Run),
    /// The whole program on a simulated plant, in time-lapse. Nothing to configure.
    Demo(demo::Demo),
    /// The simulated plant alone, as a Modbus TCP server to try a configuration on.
    Plant(plant::Plant),
    /// Write what the simulated plant would say, as CSV; the same arguments give the same bytes.
    Simulate(simulate::Simulate),
    /// Take recordings in as a site of their own, without any effect on the world; or turn a list of tags into a plant file.
    Import(import::Import),
    /// The state as of a time or position; or what other rules would have done.
    Replay(replay::Replay),
    /// Make the topics on Kafka, or say whether they are as they must be.
    Kafka(kafka::Kafka),
    /// Build what people look at anew from the log, and swap it in if it says the same.
    Rebuild(rebuild::Rebuild),
    /// Check hash chain and checkpoints, prove facts, or write the ledger out.
    Audit(audit::Audit),
    /// Copy the log to a folder, also while the program runs.
    Backup(backup::Backup),
    /// Bring a backup into an empty data folder.
    Restore(backup::Restore),
    /// Look at the log itself.
    Log(log::LogCommand),
    /// Score the detectors on labelled recordings.
    Evaluate(evaluate::Evaluate),
    /// Measure this machine against a peer or a physical limit.
    Bench(bench::Bench),
    /// What waits for a person to be delivered, or not: look, try again, drop.
    Outbox(outbox::Outbox),
    /// What was shown, held against the ledger: the latest inspections.
    Inspect(inspect::Inspect),
    /// How people are known outside: make a code, look, take away.
    People(people::People),
    /// The makers' manuals that the crew cites.
    Manuals(manuals::Manuals),
    /// A site's crew: who is on it, what it has to do, and a test task for one of it.
    Crew(crew::Crew),
    /// Language models: how they stand, what was said in calls, and what they say now.
    Models(models::Models),
    /// Ask the program that runs here how it is.
    Health(health::Health),
    /// Read the configuration and echo every address; with --connect, try every device and show what it says.
    Check(check::Check),
}

impl Cli {
    pub fn run(self) -> Result<ExitCode> {
        let settings = self.common.settings()?;
        let people = matches!(self.command, Sub::Run(_) | Sub::Demo(_));
        if !people {
            // `millwright log tail | head` ends quietly when `head` has seen enough.
            sigpipe::reset();
        }
        let logging = if people { settings.logging.clone() } else { quiet(&settings) };
        telemetry::init(&logging)?;
        if people {
            telemetry::metrics();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("could not start the async runtime")?;
        runtime.block_on(self.command.run(settings))
    }
}

impl Sub {
    async fn run(self, settings: Settings) -> Result<ExitCode> {
        match self {
            Self::Run(command) => command.run(settings).await,
            Self::Demo(command) => command.run(settings).await,
            Self::Plant(command) => command.run(settings).await,
            Self::Simulate(command) => command.run(&settings),
            Self::Import(command) => command.run(settings).await,
            Self::Replay(command) => command.run(settings).await,
            Self::Kafka(command) => command.run(settings).await,
            Self::Rebuild(command) => command.run(settings).await,
            Self::Audit(command) => command.run(&settings).await,
            Self::Backup(command) => command.run(&settings).await,
            Self::Restore(command) => command.run(&settings).await,
            Self::Log(command) => command.run(settings).await,
            Self::Evaluate(command) => command.run(&settings).await,
            Self::Bench(command) => command.run(settings).await,
            Self::Outbox(command) => command.run(&settings).await,
            Self::Inspect(command) => command.run(&settings).await,
            Self::People(command) => command.run(&settings).await,
            Self::Manuals(command) => command.run(&settings),
            Self::Crew(command) => command.run(&settings).await,
            Self::Models(command) => command.run(&settings).await,
            Self::Health(command) => command.run(&settings).await,
            Self::Check(command) => command.run(settings).await,
        }
    }
}

impl Common {
    fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::load(self.config.as_deref())?;
        if let Some(data) = &self.data {
            settings.data.clone_from(data);
        }
        if let Some(listen) = self.listen {
            settings.http.listen = listen;
        }
        if let Some(level) = &self.log_level {
            settings.logging.level.clone_from(level);
        }
        settings.checked()
    }
}

/// Commands that answer on standard output keep standard error for warnings and progress.
fn quiet(settings: &Settings) -> crate::settings::Logging {
    let mut logging = settings.logging.clone();
    if logging.level == "info" {
        logging.level = "warn".into();
    }
    logging.format = LogFormat::Text;
    logging
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
    }
}
