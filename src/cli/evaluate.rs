//! `millwright evaluate`: the live detectors over labelled recordings, scored by a published protocol.

use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use millwright_agents::evaluate::{self, Protocol};
use std::{fs::File, path::PathBuf, process::ExitCode};

#[derive(Debug, Args)]
pub struct Evaluate {
    #[arg(long, value_enum)]
    protocol: Kind,
    /// A folder of CSV files; each is learned from and judged by itself.
    folder: PathBuf,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Also write the report as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Also write `file,row,score,alarm` for every judged row.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Also write `file,row` for every row at which a machine changed: into a fault, deeper into it, or back.
    #[arg(long, value_name = "FILE")]
    changes: Option<PathBuf>,
    /// Column with the time (protocol csv).
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Column with the truth, 0 or 1 (protocol csv).
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Rows that are learned from and not judged (protocol csv).
    #[arg(long, value_name = "N")]
    train_rows: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Skab,
    Csv,
}

impl Evaluate {
    pub fn run(self, settings: &Settings) -> Result<ExitCode> {
        let report = evaluate::evaluate(&self.folder, &self.protocol()?, settings.monitor.mewma)?;
        if let Some(path) = &self.predictions {
            let file = File::create(path).with_context(|| format!("could not write {}", path.display()))?;
            report.write_predictions(file).with_context(|| format!("could not write {}", path.display()))?;
        }
        if let Some(path) = &self.changes {
            let file = File::create(path).with_context(|| format!("could not write {}", path.display()))?;
            report.write_changes(file).with_context(|| format!("could not write {}", path.display()))?;
        }
        if let Some(path) = &self.markdown {
            std::fs::write(path, report.markdown()).with_context(|| format!("could not write {}", path.display()))?;
        }
        match self.json {
            true => println!("{}", report.json()),
            false => print!("{}", report.human()),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn protocol(&self) -> Result<Protocol> {
        match (self.protocol, &self.time, &self.label, self.train_rows) {
            (Kind::Skab, None, None, None) => Ok(Protocol::skab()),
            (Kind::Skab, ..) => bail!("--time, --label and --train-rows are for `--protocol csv`; skab has its own"),
            (Kind::Csv, Some(time), Some(label), Some(rows)) => Ok(Protocol::csv(time, label, rows)),
            (Kind::Csv, ..) => bail!("`--protocol csv` needs --time COLUMN, --label COLUMN and --train-rows N"),
        }
    }
}
