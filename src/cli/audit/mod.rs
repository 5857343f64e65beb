//! `millwright audit`: is the log what was written, and what does it say? Works on a folder or on an exported file, beside a running program or without.

mod export;
mod key;
mod prove;
mod verify;

use crate::settings::Settings;
use anyhow::Result;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Recompute every checksum, the hash chain and the checkpoints; names the first bad place of each partition. Or check a file.
    Verify(verify::Verify),
    /// Every fact with its hash, one JSON object a line; can be verified anywhere with `verify --file`. Or a Parquet file for analysis.
    Export(export::Export),
    /// A file that proves a fact, a reading, or that one checkpoint continues another: to be checked without this program's log.
    Prove(prove::Prove),
    /// The key that checkpoints are signed with.
    Key {
        #[command(subcommand)]
        what: key::What,
    },
}

impl Audit {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        match self.what {
            What::Verify(verify) => verify.run(settings).await,
            What::Export(export) => export.run(settings).await,
            What::Prove(prove) => prove.run(settings).await,
            What::Key { what } => what.run(settings).await,
        }
    }
}
