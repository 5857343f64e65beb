//! The key that checkpoints are signed with: its public half for those who check, and a new one in its place.

use crate::settings::Settings;
use anyhow::{Context, Result};
use clap::Subcommand;
use millwright_domain::{audit::Checkpoint, position::PartitionId};
use millwright_infra::audit::AuditKey;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum What {
    /// The public half, to be given to those who check; and spelled for tools that read signed notes.
    Show,
    /// A new key, which the old one vouches for and is destroyed. A running program signs its next checkpoint with it.
    Rotate,
}

impl What {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let folder = settings.key_folder();
        let key = AuditKey::read(&folder).context("there is no audit key to be used yet; the first start of `millwright run` makes one")?;
        match self {
            Self::Show => {
                println!("{}", key.public());
                let platform = Checkpoint::origin_of(&settings.audit.name, &PartitionId::platform());
                println!("for tools that read signed notes, of the partition {}:", PartitionId::platform());
                println!("{}", key.public().for_verifiers(&platform));
            }
            Self::Rotate => {
                let old = key.public();
                let new = key.rotate(&folder)?.public();
                println!("checkpoints are signed with {new} from now on; {old} vouches for it and is gone");
                println!("give the new key to those who check, and back the folder of keys up again");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
