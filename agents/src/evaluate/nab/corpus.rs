//! A corpus laid out as the benchmark's: a file of labels, and a CSV file for each series.

use super::Window;
use chrono::NaiveDateTime;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Where the labels may lie: beside the series, or as the benchmark has them, with the series under `data/`.
const LABELS: [&str; 3] = ["windows.json", "combined_windows.json", "labels/combined_windows.json"];

/// A series with its windows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    pub file: String,
    pub values: Vec<f64>,
    pub windows: Vec<Window>,
}

#[derive(Debug, Error)]
pub enum BadCorpus {
    #[error("{} names no file; it maps file names to [start, end] pairs of times, an empty list where nothing is wrong", .0.display())]
    Nothing(PathBuf),
    #[error("could not read {}; it maps file names to [start, end] pairs of times", .path.display())]
    Windows {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("could not understand {}; it maps file names to [start, end] pairs of times", .path.display())]
    Labels {
        path: PathBuf,
        #[source]
        cause: serde_json::Error,
    },
    #[error("could not read {}; it has the columns timestamp and value", .path.display())]
    Values {
        path: PathBuf,
        #[source]
        cause: csv::Error,
    },
    #[error("the window that ends at {end} in {file} has no rows; the labels are of another version of the file")]
    EmptyWindow { file: String, end: NaiveDateTime },
}

#[derive(Deserialize)]
struct Row {
    #[serde(deserialize_with = "time")]
    timestamp: NaiveDateTime,
    value: f64,
}

#[derive(Deserialize)]
struct Span(#[serde(deserialize_with = "time")] NaiveDateTime, #[serde(deserialize_with = "time")] NaiveDateTime);

/// `2013-12-15 07:00:00`, with or without a fraction.
fn time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").map_err(serde::de::Error::custom)
}

/// Every file that the labels in `folder` name, in the order of their names.
pub fn read_corpus(folder: &Path) -> Result<Vec<Series>, BadCorpus> {
    let known = LABELS.map(|name| folder.join(name));
    let [usual, ..] = &known;
    let path = known.iter().find(|path| path.is_file()).unwrap_or(usual).clone();
    let text = std::fs::read_to_string(&path).map_err(|cause| BadCorpus::Windows { path: path.clone(), cause })?;
    let labels: BTreeMap<String, Vec<Span>> = serde_json::from_str(&text).map_err(|cause| BadCorpus::Labels { path: path.clone(), cause })?;
    if labels.is_empty() {
        return Err(BadCorpus::Nothing(path));
    }
    labels.into_iter().map(|(file, spans)| read_series(folder, file, &spans)).collect()
}

fn read_series(folder: &Path, file: String, spans: &[Span]) -> Result<Series, BadCorpus> {
    let under_data = folder.join("data").join(&file);
    let path = if under_data.is_file() { under_data } else { folder.join(&file) };
    let unreadable = |cause| BadCorpus::Values { path: path.clone(), cause };
    let mut reader = csv::Reader::from_path(&path).map_err(unreadable)?;
    let rows: Vec<Row> = reader.deserialize().collect::<Result<_, _>>().map_err(unreadable)?;
    let mut windows = Vec::with_capacity(spans.len());
    for Span(start, end) in spans {
        let within = |row: &Row| (*start..=*end).contains(&row.timestamp);
        let (Some(first), Some(last)) = (rows.iter().position(within), rows.iter().rposition(within)) else {
            return Err(BadCorpus::EmptyWindow { file, end: *end });
        };
        windows.push((first, last));
    }
    windows.sort_unstable();
    Ok(Series { file, values: rows.into_iter().map(|row| row.value).collect(), windows })
}
