//! `millwright run`: the whole program for the configured plant, until it is told to stop.

use crate::{
    app::{App, TimeLapse, foundation::Foundation},
    configured::Configured,
    settings::Settings,
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
        tracing::info!(address = %app.address, "millwright runs; the page is at http://{}", app.address);
        println!("\n  Millwright runs.\n\n      http://{}\n\n  Ctrl-C ends it.\n", app.address);
        told_to_stop().await?;
        tracing::info!("stopping: what was begun is finished first");
        app.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Ctrl-C, or the signal that service managers send.
pub async fn told_to_stop() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).context("could not listen for signals")?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.context("could not listen for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}
