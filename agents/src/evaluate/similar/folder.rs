//! A folder of labelled episodes, read: each CSV a time column and channels, healthy first.

use super::manifest::{BadManifest, Entry, Role, Translations, read_manifest, read_translations};
use crate::evaluate::recording::{BadRecording, Columns, Recording};
use millwright_domain::memory::{Channel, ChannelKey, Episode};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Names that a time column goes by, if none was given.
const TIME_NAMES: [&str; 10] = ["time", "timestamp", "datetime", "date", "t", "ts", "time_s", "seconds", "sample", "row"];

/// How the files are to be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The time column; else one named like a time, else the first.
    pub time: Option<String>,
    /// Healthy rows of episodes for which the manifest gives no onset.
    pub lead_in_rows: Option<usize>,
    /// Columns that are no channels, such as a label.
    pub ignore: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    pub file: String,
    pub label: String,
    pub vendor: Option<String>,
    pub role: Option<Role>,
    pub episode: Episode,
}

#[derive(Debug, Error)]
pub enum BadFolder {
    #[error("the folder's manifest cannot be used")]
    Manifest(#[from] BadManifest),
    #[error("an episode cannot be read")]
    Recording(#[from] BadRecording),
    #[error("{} has no header; begin it with the names of its columns, the time first", .0.display())]
    NoHeader(PathBuf),
    #[error("the manifest gives no onset for {0}; add onset_row (first faulty row, from 0) or onset_time, or give --lead-in-rows N")]
    NoOnset(String),
    #[error("the onset of {file}, {onset:?}, is no time; write it as the file writes its times, or in seconds")]
    BadOnset { file: String, onset: String },
    #[error("the onset of {file}, row {row}, is behind its end; it has {rows} rows, counted from 0 behind the header")]
    OnsetBehind { file: String, row: usize, rows: usize },
}

pub fn read_folder(folder: &Path, reading: &Reading) -> Result<Vec<Labelled>, BadFolder> {
    let translations = read_translations(folder)?;
    read_manifest(folder)?.into_iter().map(|entry| read_one(folder, entry, reading, &translations)).collect()
}

fn read_one(folder: &Path, entry: Entry, reading: &Reading, translations: &Translations) -> Result<Labelled, BadFolder> {
    let path = folder.join(&entry.file);
    let time = match &reading.time {
        Some(time) => time.clone(),
        None => time_column(&path)?,
    };
    // A column of that name may be there; it is left out like any other that is no channel.
    let columns = Columns { time, label: "anomaly".into(), may_lack_labels: true, changepoint: Some("changepoint".into()) };
    let recording = Recording::read(&path, &entry.file, &columns)?;
    let onset = onset(&entry, &recording, reading)?;
    let vendor = entry.vendor.filter(|vendor| !vendor.is_empty());
    let key = |column: &String| {
        let known = translations.get(&(vendor.clone().unwrap_or_default(), column.clone()));
        ChannelKey(known.unwrap_or(column).clone())
    };
    let channel = |(at, name): (usize, &String)| Channel { key: key(name), values: recording.rows.iter().map(|row| row[at]).collect() };
    let is_channel = |(_, name): &(usize, &String)| !reading.ignore.contains(name);
    let channels = recording.signals.iter().enumerate().filter(is_channel).map(channel).collect();
    let episode = Episode { times: recording.times, channels, onset };
    Ok(Labelled { file: entry.file, label: entry.label, vendor, role: entry.role, episode })
}

fn time_column(path: &Path) -> Result<String, BadFolder> {
    let unreadable = |cause: std::io::Error| BadRecording::Unreadable { path: path.into(), cause: cause.into() };
    let mut first = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(std::fs::File::open(path).map_err(unreadable)?), &mut first).map_err(unreadable)?;
    let delimiter = [';', '\t', ','].into_iter().max_by_key(|sign| first.matches(*sign).count()).unwrap_or(',');
    let names: Vec<&str> = first.split(delimiter).map(|name| name.trim().trim_matches('"').trim()).collect();
    let named = names.iter().find(|name| TIME_NAMES.contains(&name.to_lowercase().as_str()));
    let chosen = named.or(names.first()).filter(|_| names.len() > 1);
    chosen.map(ToString::to_string).ok_or_else(|| BadFolder::NoHeader(path.into()))
}

/// On the recording's clock.
fn onset(entry: &Entry, recording: &Recording, reading: &Reading) -> Result<f64, BadFolder> {
    if let (None, Some(onset)) = (entry.onset_row, &entry.onset_time) {
        return crate::evaluate::recording::seconds(onset).ok_or_else(|| BadFolder::BadOnset { file: entry.file.clone(), onset: onset.clone() });
    }
    let row = entry.onset_row.or(reading.lead_in_rows).ok_or_else(|| BadFolder::NoOnset(entry.file.clone()))?;
    let rows = recording.times.len();
    recording.times.get(row).copied().ok_or_else(|| BadFolder::OnsetBehind { file: entry.file.clone(), row, rows })
}
