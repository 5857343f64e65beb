//! Labelled recordings: SKAB by its own protocol, or any CSV files.

use super::Found;
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use clap::Args;
use millwright_agents::{
    evaluate::{
        self, Protocol,
        nab::evaluate_nab,
        plot::{curve, strips},
        report::write_predictions,
    },
    monitor::detectors::combiner::CombinerSettings,
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

/// More strips or curves than these are no picture.
const MOST_STRIPS: usize = 60;
const MOST_CURVES: usize = 8;

#[derive(Debug, Args, Default)]
pub struct Recordings {
    /// Also write `file,row,score,alarm` for every judged row.
    #[arg(long, value_name = "FILE")]
    predictions: Option<PathBuf>,
    /// Also write `file,row` for every row at which a machine changed: into a fault, deeper into it, or back.
    #[arg(long, value_name = "FILE")]
    changes: Option<PathBuf>,
    /// Column with the time (protocols csv and similar).
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Column with the truth, 0 or 1 (protocol csv).
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Rows that are learned from and not judged (protocol csv).
    #[arg(long, value_name = "N")]
    train_rows: Option<usize>,
}

impl Recordings {
    /// The first option that was given, if one was, `known` left aside.
    pub(super) fn given_beside(&self, known: &str) -> Option<&'static str> {
        [
            (self.predictions.is_some(), "--predictions"),
            (self.changes.is_some(), "--changes"),
            (self.time.is_some(), "--time"),
            (self.label.is_some(), "--label"),
            (self.train_rows.is_some(), "--train-rows"),
        ]
        .into_iter()
        .find_map(|(is_given, option)| (is_given && option != known).then_some(option))
    }
    pub(super) fn time(&self) -> Option<String> {
        self.time.clone()
    }

    pub(super) fn evaluate(&self, is_skab: bool, folder: &Path, settings: &Settings) -> Result<Found> {
        let report = evaluate::evaluate(folder, &self.protocol(is_skab)?, settings.monitor.mewma)?;
        write(self.predictions.as_deref(), |file| report.write_predictions(file))?;
        write(self.changes.as_deref(), |file| report.write_changes(file))?;
        for bad in report.refused.iter().take(10) {
            eprintln!("refused {}:{}: {}", bad.file, bad.line, bad.reason);
        }
        let title = if is_skab { "SKAB: a water circuit" } else { "Recordings" };
        let pictures = if report.files.len() <= MOST_STRIPS { vec![strips(&report.protocol, &report.predictions)?] } else { vec![] };
        Ok(Found { details: report.details(), pictures, ..Found::new(title, report.figures(), report.json())? })
    }

    pub(super) fn evaluate_nab(&self, folder: &Path) -> Result<Found> {
        let report = evaluate_nab(folder, CombinerSettings::default())?;
        write(self.predictions.as_deref(), |file| write_predictions(&report.predictions, file))?;
        let json = json!({ "score": report.total.score(), "total": report.total, "files": report.files.iter().cloned().collect::<BTreeMap<_, _>>() });
        let mut pictures = vec![];
        for rows in report.predictions.chunk_by(|one, next| one.file == next.file).take(MOST_CURVES) {
            pictures.extend(curve(rows)?);
        }
        Ok(Found { details: report.details(), pictures, ..Found::new("NAB: one signal each", report.figures(), json)? })
    }

    fn protocol(&self, is_skab: bool) -> Result<Protocol> {
        match (is_skab, &self.time, &self.label, self.train_rows) {
            (true, None, None, None) => Ok(Protocol::skab()),
            (true, ..) => bail!("--time, --label and --train-rows are for csv; skab has its own"),
            (false, Some(time), Some(label), Some(rows)) => Ok(Protocol::csv(time, label, rows)),
            (false, ..) => bail!("csv needs --time COLUMN, --label COLUMN and --train-rows N"),
        }
    }
}

fn write(path: Option<&Path>, content: impl FnOnce(File) -> Result<(), csv::Error>) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let doing = || format!("could not write {}", path.display());
    content(File::create(path).with_context(doing)?).with_context(doing)
}
