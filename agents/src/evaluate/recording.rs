//! A recording of a machine with labels, read from CSV. A cell that is no number is refused with its place; the row stays, so that rows keep their numbers.

use chrono::{DateTime, NaiveDateTime};
use serde::Serialize;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What a file's columns mean. Every other column is a signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    pub time: String,
    pub label: String,
    /// A recording without labels is all normal; where this is false it is refused, for a name that was mistyped looks the same.
    pub may_lack_labels: bool,
    /// Where the truth changes; without such a column, where the label does.
    pub changepoint: Option<String>,
}

impl Columns {
    pub fn skab() -> Self {
        Self { time: "datetime".into(), label: "anomaly".into(), may_lack_labels: true, changepoint: Some("changepoint".into()) }
    }
}

/// Read as it came, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// Relative to the folder that was evaluated, with `/`.
    pub file: String,
    pub signals: Vec<String>,
    /// Seconds.
    pub times: Vec<f64>,
    /// NaN where there was no number.
    pub rows: Vec<Vec<f64>>,
    pub anomalous: Vec<bool>,
    pub changes: Vec<bool>,
    pub refused: Vec<BadCell>,
}

/// A cell that could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadCell {
    pub file: String,
    /// From 1, as editors count.
    pub line: u64,
    pub reason: String,
}

#[derive(Debug, Error)]
pub enum BadRecording {
    #[error("could not read {}; check that it is a readable CSV file", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: csv::Error,
    },
    #[error("not one label in column {column:?} of {} could be read; use 0 and 1", .path.display())]
    NoLabels { path: PathBuf, column: String },
    #[error("{} has no column {column:?}; its columns are {found}", .path.display())]
    NoColumn { path: PathBuf, column: String, found: String },
}

impl Recording {
    /// `file` is how reports call it.
    pub fn read(path: &Path, file: &str, columns: &Columns) -> Result<Self, BadRecording> {
        let unreadable = |cause| BadRecording::Unreadable { path: path.into(), cause };
        let delimiter = delimiter(path).map_err(|cause| unreadable(cause.into()))?;
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_path(path).map_err(unreadable)?;
        let header: Vec<String> = reader.headers().map_err(unreadable)?.iter().map(|name| name.trim().to_string()).collect();
        let layout = Layout::of(&header, columns, path)?;
        let mut recording = Self { file: file.into(), signals: layout.signals.iter().map(|at| header[*at].clone()).collect(), ..Self::default() };
        let mut labelled = 0;
        for record in reader.into_records() {
            let record = record.map_err(unreadable)?;
            labelled += usize::from(recording.take_in(&record, &layout));
        }
        if layout.label.is_some() && labelled == 0 && !recording.rows.is_empty() {
            return Err(BadRecording::NoLabels { path: path.into(), column: columns.label.clone() });
        }
        if layout.changepoint.is_none() {
            recording.changes = changes_of(&recording.anomalous);
        }
        Ok(recording)
    }

    /// Says whether its label could be read.
    fn take_in(&mut self, record: &csv::StringRecord, layout: &Layout) -> bool {
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).map_or("", str::trim);
        let mut refused = Vec::new();
        let mut refuse = |reason: String| refused.push(BadCell { file: self.file.clone(), line, reason });
        if record.len() != layout.width {
            refuse(format!("{} cells where the header has {}", record.len(), layout.width));
        }
        let time = seconds(cell(layout.time)).unwrap_or_else(|| {
            refuse(format!("{:?} is no time", cell(layout.time)));
            self.times.last().map_or(0.0, |last| last + 1.0)
        });
        let row: Vec<f64> = layout.signals.iter().map(|at| number(cell(*at)).unwrap_or(f64::NAN)).collect();
        let missing = row.iter().filter(|value| value.is_nan()).count();
        if missing > 0 {
            refuse(format!("{missing} of {} values are no finite numbers", row.len()));
        }
        let mut flag = |at: Option<usize>| {
            let at = at?;
            let truth = truth(cell(at));
            if truth.is_none() {
                refuse(format!("{:?} is no label; use 0 or 1", cell(at)));
            }
            truth
        };
        let (label, change) = (flag(layout.label), flag(layout.changepoint));
        self.anomalous.push(label.unwrap_or(false));
        self.changes.push(change.unwrap_or(false));
        self.times.push(time);
        self.rows.push(row);
        self.refused.append(&mut refused);
        label.is_some()
    }
}

/// Places of the columns.
struct Layout {
    /// Cells of a row.
    width: usize,
    time: usize,
    /// None in a recording that is all normal.
    label: Option<usize>,
    changepoint: Option<usize>,
    signals: Vec<usize>,
}

impl Layout {
    fn of(header: &[String], columns: &Columns, path: &Path) -> Result<Self, BadRecording> {
        let place = |name: &str| header.iter().position(|column| column == name);
        let no_column = |column: &str| BadRecording::NoColumn { path: path.into(), column: column.into(), found: header.join(", ") };
        let time = place(&columns.time).ok_or_else(|| no_column(&columns.time))?;
        let label = place(&columns.label);
        if label.is_none() && !columns.may_lack_labels {
            return Err(no_column(&columns.label));
        }
        let changepoint = columns.changepoint.as_deref().and_then(place);
        let known = [Some(time), label, changepoint];
        let signals = (0..header.len()).filter(|at| !known.contains(&Some(*at))).collect();
        Ok(Self { width: header.len(), time, label, changepoint, signals })
    }
}

fn changes_of(anomalous: &[bool]) -> Vec<bool> {
    let before = std::iter::once(&false).chain(anomalous);
    anomalous.iter().zip(before).map(|(now, before)| now != before).collect()
}

/// The one of `;`, tab and `,` that the first line has most of.
fn delimiter(path: &Path) -> std::io::Result<u8> {
    use std::io::{BufRead, Read};
    let mut first = Vec::new();
    std::io::BufReader::new(std::fs::File::open(path)?).take(1 << 16).read_until(b'\n', &mut first)?;
    let count = |sign: u8| first.iter().filter(|byte| **byte == sign).count();
    Ok([b';', b'\t', b','].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b','))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" => Some(true),
        "false" | "False" => Some(false),
        _ => number(text).map(|value| value != 0.0),
    }
}

/// RFC 3339, `2020-03-09 10:14:33` as UTC, or seconds.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let zoned = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_micros());
    let plain = |format| NaiveDateTime::parse_from_str(text, format).ok().map(|time| time.and_utc().timestamp_micros());
    let micros = zoned().or_else(|| plain("%Y-%m-%d %H:%M:%S%.f")).or_else(|| plain("%Y-%m-%dT%H:%M:%S%.f"));
    micros.map(|micros| micros as f64 / 1e6).or_else(|| number(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, columns: &Columns) -> Result<Recording, BadRecording> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.csv");
        std::fs::write(&path, text).unwrap();
        Recording::read(&path, "r.csv", columns)
    }

    #[test]
    fn a_bad_cell_is_refused_with_its_line_and_the_row_keeps_its_number() {
        let text =
            "datetime;a;b;anomaly;changepoint\n2020-03-09 10:14:33;1;2;0.0;0.0\n2020-03-09 10:14:34;x;2;1.0;1.0\n2020-03-09 10:14:35;3;NaN;?;0\n";
        let recording = read(text, &Columns::skab()).unwrap();
        assert_eq!(recording.signals, ["a", "b"]);
        assert_eq!((recording.rows.len(), recording.anomalous.clone()), (3, vec![false, true, false]));
        let lines: Vec<u64> = recording.refused.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [3, 4, 4]);
        assert_eq!(recording.times[2] - recording.times[0], 2.0);
    }

    #[test]
    fn any_csv_with_named_columns_is_read_and_changes_follow_from_labels() {
        let columns = Columns { time: "ts".into(), label: "fault".into(), may_lack_labels: false, changepoint: None };
        let recording = read("ts,v,fault\n0,1,0\n1,2,1\n2,3,1\n3,4,0\n", &columns).unwrap();
        assert_eq!(recording.changes, [false, true, false, true]);
        let refused = read("t,v\n0,1\n", &columns).unwrap_err().to_string();
        assert!(refused.contains("has no column \"ts\"") && refused.contains("t, v"), "{refused}");
        let refused = read("ts,v,faulty\n0,1,0\n", &columns).unwrap_err().to_string();
        assert!(refused.contains("has no column \"fault\"") && refused.contains("faulty"), "{refused}");
    }
}
