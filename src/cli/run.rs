//! `millwright run`: the whole program for the configured plant, until it is told to stop.

use crate::{
    app::{App, TimeLapse, foundation::Foundation},
    configured::Configured,
    settings::{Mode, Settings},
};
use anyhow::{Context, Result};
use clap::Args;
use millwright_infra::clock::SystemClock;
use std::{process::ExitCode, sync::Arc};

#[derive(Debug, Args)]
pub struct Run {}

impl Run {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let configured = Configured::read(&settings)?;
        let foundation = Foundation::open(&settings, Arc::new(SystemClock)).await?;
        let app = App::start(&settings, configured, foundation, TimeLapse::default()).await?;
        let url = settings.http.url(app.address);
        tracing::info!(address = %app.address, "millwright runs; the page is at {url}");
        println!("\n  Millwright runs.\n\n      {url}\n\n{}  Ctrl-C ends it.\n", first_sign_in(&settings));
        told_to_stop().await?;
        tracing::info!("stopping: what was begun is finished first");
        app.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the first password lies, as long as nobody has changed it.
fn first_sign_in(settings: &Settings) -> String {
    let place = settings.key_folder().join("access/first-password.json");
    let is_waiting = settings.access.mode == Mode::SignIn && place.exists();
    if is_waiting { format!("  Sign in as {} with the password in {}\n\n", settings.operator, place.display()) } else { String::new() }
}

/// Ctrl-C, or the signal that service managers send.
pub async fn told_to_stop() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).context("could not listen for signals")?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.context("could not listen for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}
