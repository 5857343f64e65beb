//! What an evaluation found, for people, for programs and for the docs. F1 never stands without FAR and MAR, a changepoint score never without its false alarms.

use super::{
    changepoints::ChangepointCounts,
    degenerate::{always, periodic},
    episodes::EventCounts,
    recording::BadCell,
    rows::RowCounts,
    run::Protocol,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{fmt::Write, io};

/// One row as scored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    pub file: String,
    /// From 0, behind the header.
    pub row: usize,
    pub score: f64,
    /// 0 or 1.
    pub alarm: u8,
    /// The machine has just changed.
    #[serde(skip)]
    pub change: bool,
    /// What the label says, for the picture.
    #[serde(skip)]
    pub anomalous: bool,
    /// Where there is one signal.
    #[serde(skip)]
    pub value: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileReport {
    pub file: String,
    pub f1: f64,
    pub far: f64,
    pub mar: f64,
}

impl FileReport {
    pub fn of(file: &str, counts: &RowCounts) -> Self {
        Self { file: file.into(), f1: counts.f1(), far: counts.false_alarm_rate(), mar: counts.missed_alarm_rate() }
    }
}

/// Pooled over all files.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub protocol: String,
    pub train_rows: usize,
    pub rows: RowCounts,
    pub changepoints: ChangepointCounts,
    pub events: EventCounts,
    pub files: Vec<FileReport>,
    pub refused: Vec<BadCell>,
    pub predictions: Vec<Prediction>,
    pub for_nothing: ForNothing,
}

/// What detectors that look at nothing get on the same rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForNothing {
    /// Always in alarm.
    pub always: RowCounts,
    /// A change every 60 rows.
    pub periodic: ChangepointCounts,
}

impl ForNothing {
    pub fn add(&mut self, times: &[f64], anomalous: &[bool], changes: &[f64]) {
        anomalous.iter().zip(always(anomalous.len())).for_each(|(anomalous, alarm)| self.always.count(alarm, *anomalous));
        let told: Vec<f64> = times.iter().zip(periodic(times.len(), 60)).filter(|(_, alarm)| *alarm).map(|(at, _)| *at).collect();
        self.periodic += ChangepointCounts::of(&told, changes);
    }
}

impl Report {
    pub fn new(protocol: &Protocol) -> Self {
        Self {
            protocol: protocol.name.clone(),
            train_rows: protocol.train_rows,
            rows: RowCounts::default(),
            changepoints: ChangepointCounts::default(),
            events: EventCounts::default(),
            files: vec![],
            refused: vec![],
            predictions: vec![],
            for_nothing: ForNothing::default(),
        }
    }

    pub fn json(&self) -> Value {
        json!({
            "protocol": self.protocol,
            "train_rows": self.train_rows,
            "scored_rows": self.predictions.len(),
            "f1": self.rows.f1(),
            "far": self.rows.false_alarm_rate(),
            "mar": self.rows.missed_alarm_rate(),
            "rows": self.rows,
            "changepoints": {
                "score": self.changepoints.score(),
                "false_alarms": self.changepoints.false_alarms,
                "windows": self.changepoints.windows,
                "found": self.changepoints.found,
            },
            "events": {
                "events": self.events.events,
                "found": self.events.found,
                "median_delay_s": self.events.median_delay_s(),
                "false_episodes": self.events.false_episodes,
                "normal_hours": self.events.normal_hours,
                "false_episodes_per_hour": self.events.false_episodes_per_hour(),
            },
            "files": self.files,
            "refused": self.refused,
        })
    }

    /// For the docs: one line a file.
    pub fn details(&self) -> String {
        let mut text = String::from("\n| file | F1 | FAR % | MAR % |\n|---|---|---|---|\n");
        for file in &self.files {
            line(&mut text, format_args!("| {} | {:.3} | {:.1} | {:.1} |", file.file, file.f1, 100.0 * file.far, 100.0 * file.mar));
        }
        text
    }

    /// The event view first.
    pub fn figures(&self) -> Vec<(&'static str, String)> {
        let delay = self.events.median_delay_s().map_or_else(|| "none found".into(), |delay| format!("median delay {delay:.0} s"));
        let per_hour = self.events.false_episodes_per_hour();
        let rows = &self.rows;
        vec![
            ("events", format!("{} of {} found, {delay}", self.events.found, self.events.events)),
            (
                "false episodes",
                format!("{} in {:.2} h of normal running ({per_hour:.1} an hour)", self.events.false_episodes, self.events.normal_hours),
            ),
            ("rows", format!("F1 {:.3}, FAR {:.1} %, MAR {:.1} %", rows.f1(), 100.0 * rows.false_alarm_rate(), 100.0 * rows.missed_alarm_rate())),
            ("changepoints", format!("score {:.1} with {} false alarms", self.changepoints.score(), self.changepoints.false_alarms)),
            (
                "for nothing",
                format!(
                    "always in alarm: F1 {:.3}; a change every 60 rows: score {:.1} with {} false alarms",
                    self.for_nothing.always.f1(),
                    self.for_nothing.periodic.score(),
                    self.for_nothing.periodic.false_alarms
                ),
            ),
            ("read", format!("{} files, {} rows scored, {} cells or rows refused", self.files.len(), self.predictions.len(), self.refused.len())),
        ]
    }

    /// `file,row,score,alarm`, every scored row.
    pub fn write_predictions(&self, out: impl io::Write) -> Result<(), csv::Error> {
        write_predictions(&self.predictions, out)
    }

    /// `file,row`, every row at which a change was told.
    pub fn write_changes(&self, out: impl io::Write) -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(["file", "row"])?;
        for prediction in self.predictions.iter().filter(|prediction| prediction.change) {
            writer.write_record([&prediction.file, &prediction.row.to_string()])?;
        }
        writer.flush()?;
        Ok(())
    }
}

/// `file,row,score,alarm`.
pub fn write_predictions(predictions: &[Prediction], out: impl io::Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    for prediction in predictions {
        writer.serialize(prediction)?;
    }
    writer.flush()?;
    Ok(())
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("a String takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_are_written_with_their_header() {
        let mut report = Report::new(&Protocol::skab());
        report.predictions.push(Prediction {
            file: "valve1/0.csv".into(),
            row: 400,
            score: 0.5,
            alarm: 1,
            change: false,
            anomalous: true,
            value: None,
        });
        let mut out = Vec::new();
        report.write_predictions(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "file,row,score,alarm\nvalve1/0.csv,400,0.5,1\n");
    }

    #[test]
    fn an_empty_report_is_still_json() {
        assert_eq!(Report::new(&Protocol::skab()).json()["events"]["median_delay_s"], Value::Null);
    }
}
