//! Runs the live detector over recordings: learns on the first rows, never sees a label, never looks ahead.

use super::{
    changepoints::ChangepointCounts,
    episodes::Moment,
    recording::{BadRecording, Columns, Recording},
    report::{FileReport, Prediction, Report},
    rows::RowCounts,
};
use crate::monitor::mewma::{MewmaSettings, MewmaTraining, Step};
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// How recordings are read and split.
#[derive(Debug, Clone, PartialEq)]
pub struct Protocol {
    pub name: String,
    pub columns: Columns,
    /// Rows that are learned from; scoring begins behind them.
    pub train_rows: usize,
}

impl Protocol {
    pub fn skab() -> Self {
        Self { name: "skab".into(), columns: Columns::skab(), train_rows: 400 }
    }
    pub fn csv(time: &str, label: &str, train_rows: usize) -> Self {
        let columns = Columns { time: time.into(), label: label.into(), may_lack_labels: false, changepoint: None };
        Self { name: "csv".into(), columns, train_rows }
    }
}

#[derive(Debug, Error)]
pub enum CannotEvaluate {
    #[error("could not list {}; give a folder with CSV files", .folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("there is no .csv file under {}; give a folder with CSV files", .0.display())]
    NoRecordings(PathBuf),
    #[error("a recording cannot be evaluated")]
    Recording(#[from] BadRecording),
    #[error("{file} has {rows} rows and {train_rows} are needed to learn from; give longer recordings or a smaller --train-rows")]
    TooShort { file: String, rows: usize, train_rows: usize },
}

/// The SKAB protocol over every `.csv` under `folder`.
pub fn evaluate_skab(folder: &Path) -> Result<Report, CannotEvaluate> {
    evaluate(folder, &Protocol::skab(), MewmaSettings::default())
}

/// Every `.csv` under `folder`, by `protocol`.
pub fn evaluate(folder: &Path, protocol: &Protocol, settings: MewmaSettings) -> Result<Report, CannotEvaluate> {
    let files = recordings_under(folder).map_err(|cause| CannotEvaluate::Folder { folder: folder.into(), cause })?;
    if files.is_empty() {
        return Err(CannotEvaluate::NoRecordings(folder.into()));
    }
    let mut report = Report::new(protocol);
    for path in files {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let recording = Recording::read(&path, &name, &protocol.columns)?;
        score(&recording, protocol.train_rows, settings, &mut report)?;
    }
    Ok(report)
}

/// In one order on every machine: by folder, numbers by value.
fn recordings_under(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(recordings_under(&path)?);
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            found.push(path);
        }
    }
    let number = |path: &PathBuf| path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok()).unwrap_or(u64::MAX);
    found.sort_by(|one, other| (one.parent(), number(one), one).cmp(&(other.parent(), number(other), other)));
    Ok(found)
}

/// Adds one recording to the report.
pub fn score(recording: &Recording, train_rows: usize, settings: MewmaSettings, report: &mut Report) -> Result<(), CannotEvaluate> {
    if recording.rows.len() <= train_rows {
        return Err(CannotEvaluate::TooShort { file: recording.file.clone(), rows: recording.rows.len(), train_rows });
    }
    let steps = detect(&recording.rows, train_rows, settings);
    let mut counts = RowCounts::default();
    let mut moments = Vec::with_capacity(steps.len());
    for (row, step) in (train_rows..).zip(&steps) {
        let anomalous = recording.anomalous[row];
        counts.count(step.alarm, anomalous);
        moments.push(Moment { at: recording.times[row], alarm: step.alarm, anomalous });
        let (score, alarm, change) = (step.score, step.alarm.into(), step.changed);
        report.predictions.push(Prediction { file: recording.file.clone(), row, score, alarm, change, anomalous, value: None });
    }
    let times = || recording.times.iter().copied().enumerate().skip(train_rows);
    let found: Vec<f64> = times().zip(&steps).filter(|(_, step)| step.changed).map(|((_, at), _)| at).collect();
    let changes: Vec<f64> = times().filter(|(row, _)| recording.changes[*row]).map(|(_, at)| at).collect();
    report.changepoints += ChangepointCounts::of(&found, &changes);
    report.for_nothing.add(&recording.times[train_rows..], &recording.anomalous[train_rows..], &changes);
    report.events.add(&moments);
    report.rows += counts;
    report.refused.extend(recording.refused.iter().cloned());
    report.files.push(FileReport::of(&recording.file, &counts));
    Ok(())
}

/// Whether each row behind the training is in alarm.
pub(super) fn alarms(rows: &[Vec<f64>], train_rows: usize, settings: MewmaSettings) -> Vec<bool> {
    detect(rows, train_rows, settings).iter().map(|step| step.alarm).collect()
}

/// One step for each row behind the training.
fn detect(rows: &[Vec<f64>], train_rows: usize, settings: MewmaSettings) -> Vec<Step> {
    let (training, live) = rows.split_at(train_rows);
    let mut held = Held::new(training);
    let mut learning = MewmaTraining::new(held.width(), settings);
    training.iter().for_each(|row| learning.learn(held.next(row)));
    let Some(mut mewma) = learning.finish() else {
        // Nothing moved in training, so nothing is known about normal and nothing is said.
        return vec![Step { score: 0.0, alarm: false, edge: None, changed: false, restless: false }; live.len()];
    };
    live.iter().map(|row| mewma.step(held.next(row))).collect()
}

/// The columns that had a number in training; a gap holds the last value, as a live monitor does.
struct Held {
    columns: Vec<usize>,
    last: Vec<f64>,
}

impl Held {
    fn new(training: &[Vec<f64>]) -> Self {
        let width = training.first().map_or(0, Vec::len);
        let first_number = |column: usize| training.iter().map(|row| row[column]).find(|value| value.is_finite());
        let (columns, last) = (0..width).filter_map(|column| Some((column, first_number(column)?))).unzip();
        Self { columns, last }
    }
    fn width(&self) -> usize {
        self.columns.len()
    }
    fn next(&mut self, row: &[f64]) -> &[f64] {
        for (last, column) in self.last.iter_mut().zip(&self.columns) {
            if row[*column].is_finite() {
                *last = row[*column];
            }
        }
        &self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::shared;

    #[test]
    fn the_water_circuit_is_scored_above_the_goal_by_one_configuration() {
        let Some(folder) = shared("data/skab/valve1") else { return };
        let report = evaluate_skab(&folder).unwrap();
        assert!(report.rows.f1() >= 0.80, "{:?}", report.figures());
        assert!(report.rows.false_alarm_rate() <= 0.20, "{:?}", report.figures());
        assert_eq!(report.predictions[0].row, 400);
    }

    #[test]
    fn where_a_recording_starts_hardly_matters() {
        let Some(folder) = shared("data/skab/valve1") else { return };
        for offset in [35, 80, 145] {
            let mut report = Report::new(&Protocol::skab());
            for path in recordings_under(&folder).unwrap() {
                let mut recording = Recording::read(&path, "cut", &Columns::skab()).unwrap();
                recording.rows.drain(..offset);
                recording.times.drain(..offset);
                recording.anomalous.drain(..offset);
                recording.changes.drain(..offset);
                score(&recording, 400, MewmaSettings::default(), &mut report).unwrap();
            }
            assert!(report.rows.f1() >= 0.80 && report.rows.false_alarm_rate() <= 0.20, "from {offset}: {:?}", report.figures());
        }
    }

    #[test]
    fn no_score_depends_on_a_later_row() {
        let rows: Vec<Vec<f64>> = (0..900_u32).map(|i| vec![f64::from(i * 7919 % 101), f64::from(i * 104_729 % 97)]).collect();
        let whole = detect(&rows, 400, MewmaSettings::default());
        let cut = detect(&rows[..700], 400, MewmaSettings::default());
        assert_eq!(whole[..300], cut[..]);
    }

    #[test]
    fn a_recording_too_short_to_learn_from_is_refused() {
        let recording = Recording { file: "a.csv".into(), rows: vec![vec![1.0]; 400], ..Recording::default() };
        let refused = score(&recording, 400, MewmaSettings::default(), &mut Report::new(&Protocol::skab()));
        assert!(matches!(refused, Err(CannotEvaluate::TooShort { rows: 400, .. })));
    }
}
