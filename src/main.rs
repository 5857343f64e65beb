//! The one binary: reads the command line and hands over to `cli/`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod app;
mod cli;
mod configured;
mod settings;
mod telemetry;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // One line, outermost first: what we were doing, then why it failed.
            eprintln!("millwright: {error:#}");
            ExitCode::FAILURE
        }
    }
}
