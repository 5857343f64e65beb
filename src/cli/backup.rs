//! `millwright backup` and `millwright restore`: the log in a folder of its own, and back.

use crate::{
    app::{
        export::{export, failed},
        log::read_only,
    },
    settings::{Engine, Settings},
};
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use clap::Args;
use indicatif::ProgressBar;
use millwright_domain::{
    ports::{
        auditor::{AuditFailed, Format, Selection, Taker},
        clock::Clock,
    },
    position::Lane,
};
use millwright_infra::{
    backup::{self, Manifest},
    clock::SystemClock,
};
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// A consistent copy, also while the program runs. Of a log on Kafka, the ledger as lines.
#[derive(Debug, Args)]
pub struct Backup {
    /// An empty folder, or one that is not there yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Where to put the keys, apart from the rest: whoever has both can read what was sealed.
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

/// A backup into a data folder, verified before it is called done.
#[derive(Debug, Args)]
pub struct Restore {
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// An empty data folder, or one that is not there yet.
    #[arg(long, value_name = "DATA")]
    to: PathBuf,
    /// Where the keys of the backup are. Without them sealed names and notes stay sealed.
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

impl Backup {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        if let Some(keys) = &self.keys {
            ensure!(!keys.starts_with(&self.to), "the keys must not lie in the backup; choose a folder beside it");
        }
        let made_at = SystemClock.now().wall.to_string();
        let manifest = match settings.log.engine {
            Engine::Embedded => {
                ensure!(
                    settings.data.join("log").exists(),
                    "there is no log at {}; name the folder with --data",
                    settings.data.join("log").display()
                );
                let bar = spinner();
                let manifest = backup::make(&settings.data, &self.to, made_at, |file| bar.set_message(file.to_string()))?;
                bar.finish_and_clear();
                manifest
            }
            Engine::Kafka => lines(settings, &self.to, made_at).await?,
        };
        if let Some(to) = &self.keys {
            let count = backup::keys(&settings.key_folder(), to)?;
            println!("{count} keys are in {}; keep them apart from the backup", to.display());
        }
        let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
        println!("{} holds everything up to {}: {} files, {:.1} MB", self.to.display(), manifest.position, manifest.files.len(), bytes as f64 / 1e6);
        println!("not in it: {}", manifest.left_out.join("; "));
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let bar = spinner();
        let (manifest, verified) = backup::restore(&self.from, &self.to, |file| bar.set_message(file.to_string()))?;
        bar.finish_and_clear();
        if let Some(from) = &self.keys {
            let target = if settings.keys.as_os_str().is_empty() { self.to.join("keys") } else { settings.keys.clone() };
            let count = backup::keys(from, &target)?;
            println!("{count} keys are in {}", target.display());
        }
        verified.good.iter().for_each(|(partition, records)| println!("{partition}: {records} records are what was written"));
        println!("{} is the data folder as of {}, up to {}", self.to.display(), manifest.made_at, manifest.position);
        println!("the next start builds what people look at anew; what came after the backup is not in it");
        Ok(ExitCode::SUCCESS)
    }
}

/// How far it is cannot be known: what is copied is counted in files.
fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

struct Lines(File);

#[async_trait]
impl Taker for Lines {
    async fn take(&mut self, bytes: Vec<u8>) -> Result<(), AuditFailed> {
        self.0.write_all(&bytes).map_err(failed)
    }
}

/// The ledger as lines, a file each partition. Readings, commands and offsets stay with Kafka.
async fn lines(settings: &Settings, to: &Path, made_at: String) -> Result<Manifest> {
    let log = read_only(settings).await?;
    fs::create_dir_all(to).with_context(|| format!("could not make {}", to.display()))?;
    ensure!(fs::read_dir(to)?.next().is_none(), "{} is not empty; choose a folder that is", to.display());
    let left_out =
        ["readings", "commands that were not decided yet", "offsets of consumers and the topics' settings", "keys (back them up apart, with --keys)"];
    let mut manifest = Manifest::new("kafka", made_at, &left_out);
    let head = log.head().await?;
    for (partition, _) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger) {
        let path = to.join(format!("ledger-{}.jsonl", partition.name()));
        let mut file = Lines(File::create(&path).with_context(|| format!("could not write {}", path.display()))?);
        let bar = crate::cli::progress::bar(0, "records");
        let selection = Selection { partition: Some(partition.clone()), ..Selection::default() };
        let shown = |_: &_, done: u64, of: u64| {
            bar.set_length(of);
            bar.set_position(done);
        };
        export(&*log, &selection, Format::JsonLines, &mut file, &shown).await?;
        bar.finish_and_clear();
        file.0.sync_all()?;
        manifest.list(to, &path)?;
    }
    let ledger = head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger);
    ledger.for_each(|(partition, end)| manifest.position.advance(partition, end));
    manifest.write(to)?;
    Ok(manifest)
}
