//! `millwright rebuild`: builds what people look at anew from the log, beside what is in place, and swaps it in if both say the same.

use super::{progress, run::told_to_stop};
use crate::{
    app::{
        foundation::place,
        log::{alone, read_only},
    },
    settings::Settings,
};
use anyhow::{Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use millwright_domain::ports::event_log::EventLog;
use millwright_projections::{Place, Projections, RebuildError, Rebuilding, Rebuilt};
use std::process::ExitCode;

/// On Postgres the program may run on. On one machine stop it first: its tables have one writer.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Only the rollups of the readings, which takes the raw readings that the log still holds.
    #[arg(long, conflicts_with = "ledger")]
    readings: bool,
    /// Only what is made of the ledger.
    #[arg(long)]
    ledger: bool,
}

impl Rebuild {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let place = place(&settings)?;
        if let Place::Folder(folder) = &place
            && !folder.exists()
        {
            bail!("there are no projections at {}; name the data folder with --data", folder.display());
        }
        let log = match &place {
            Place::Folder(_) => alone(&settings).await?,
            Place::Postgres(_) => read_only(&settings).await?,
        };
        let projections = Projections::open_at(place).await?;
        let mut done = true;
        if !self.readings {
            done &= rebuilt("the ledger's projections", &projections, &*log, false).await?;
        }
        if done && !self.ledger {
            done &= rebuilt("the readings' rollups", &projections, &*log, true).await?;
        }
        Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// False if it was stopped by hand; the next call goes on from there.
async fn rebuilt(what: &str, projections: &Projections, log: &dyn EventLog, readings: bool) -> Result<bool> {
    let watched = Rebuilding::default();
    let bar = progress::bar(0, "records");
    bar.set_message(what.to_string());
    let building = async {
        match readings {
            true => projections.rebuild_readings_watched(log, &watched).await,
            false => projections.rebuild_watched(log, &watched).await,
        }
    };
    tokio::pin!(building);
    let showing = shown(&watched, &bar);
    tokio::pin!(showing);
    let mut stopped = false;
    let outcome = loop {
        tokio::select! {
            outcome = &mut building => break outcome,
            () = &mut showing => {}
            told = told_to_stop(), if !stopped => {
                told?;
                stopped = true;
                watched.cancel();
            }
        }
    };
    bar.finish_and_clear();
    match outcome {
        Ok(rebuilt) => {
            said(what, &rebuilt);
            Ok(true)
        }
        Err(RebuildError::Cancelled { done, of }) => {
            println!("{what}: stopped at {done} of {of} records; the next rebuild goes on from there");
            Ok(false)
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Never ends: a rebuild that nobody watches any more is dropped with it.
async fn shown(watched: &Rebuilding, bar: &ProgressBar) {
    let mut progress = watched.progress();
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        bar.set_length(now.of);
        bar.set_position(now.done);
    }
    std::future::pending().await
}

fn said(what: &str, rebuilt: &Rebuilt) {
    println!("{what}: rebuilt up to {} and swapped in; {} agree with what was there", rebuilt.position, rebuilt.digests.len());
    rebuilt.digests.iter().for_each(|(name, digest)| println!("  {name:<20} {digest}"));
    for changed in &rebuilt.changed {
        let from = changed.from.map_or("new".into(), |from| format!("version {from}"));
        let rest = if changed.rest.is_empty() { "none".into() } else { changed.rest.join(", ") };
        println!(
            "  {:<20} {from} → version {}; {} columns agree; new or of another meaning: {rest}",
            changed.projection,
            changed.to,
            changed.compared.len()
        );
    }
}
