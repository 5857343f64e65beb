//! `millwright import`: recordings become a site of their own on the log, go through the same monitor and rules, and act on nothing.
//! `tags` is the other thing that other tools hand over: what there is, instead of what it measured.

mod tags;

use super::progress;
use crate::{
    app::{foundation::Foundation, import},
    configured,
    settings::Settings,
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use millwright_domain::ids::SiteId;
use millwright_infra::clock::SystemClock;
use millwright_ingest::files::columns::ColumnMap;
use std::{fs, path::PathBuf, process::ExitCode, sync::Arc};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Import {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    recordings: Option<Recordings>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Turn a list of tags (CSV, or an export of TIA Portal) into a plant file.
    Tags(tags::ImportTags),
}

#[derive(Debug, Args)]
struct Recordings {
    #[arg(long, value_enum)]
    format: Kind,
    /// A TOML file that says which column is what (format csv).
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// The imported site's id.
    #[arg(long, default_value = "imported")]
    site: SiteId,
    /// So many seconds of each recording are learned from before anything is judged.
    #[arg(long, default_value_t = 400, value_name = "SECONDS")]
    learn: u32,
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Skab,
    Csv,
}

impl Import {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        match (self.what, self.recordings) {
            (Some(What::Tags(tags)), _) => tags.run(),
            (None, Some(recordings)) => recordings.run(settings).await,
            (None, None) => bail!("give --format and the files with recordings, or `import tags`; `millwright import --help` shows both"),
        }
    }
}

impl Recordings {
    async fn run(self, mut settings: Settings) -> Result<ExitCode> {
        let map = self.map()?;
        settings.monitor.learning_s = self.learn;
        let rules = if settings.rules.exists() { configured::rules(&settings.rules)? } else { configured::shipped_rules()? };
        let foundation = Foundation::open(&settings, Arc::new(SystemClock)).await?;
        let bytes = self.files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum();
        let bar = progress::bar(bytes, "bytes");
        let imported = import::import(&foundation, &settings, &self.site, &self.files, &map, rules, &bar).await;
        bar.finish_and_clear();
        foundation.close().await;
        let imported = imported?;
        println!("{imported}");
        Ok(if imported.taken > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn map(&self) -> Result<ColumnMap> {
        match (self.format, &self.map) {
            (Kind::Skab, None) => Ok(ColumnMap::skab()),
            (Kind::Skab, Some(_)) => bail!("--map is for `--format csv`; skab has its own columns"),
            (Kind::Csv, None) => bail!("`--format csv` needs --map FILE; docs/import.md shows one"),
            (Kind::Csv, Some(file)) => {
                let text = fs::read_to_string(file).with_context(|| format!("could not read the column map {}", file.display()))?;
                toml::from_str(&text).with_context(|| format!("the column map {} cannot be used", file.display()))
            }
        }
    }
}
