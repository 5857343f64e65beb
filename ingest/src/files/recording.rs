//! A recording, row by row: scans in order of time, labels apart, refused rows with file and line. Never more than a row in memory.

use super::{
    columns::{BadHeader, ColumnMap, Layout, slug},
    lines::{Lines, split},
    row::{BadRow, Parsed, parse_row},
};
use millwright_domain::{
    Timestamp,
    ids::{AssetId, DeviceId, SiteId},
    plant::{Plant, Source},
    reading::Scan,
};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why a file cannot be read at all.
#[derive(Debug, Error)]
pub enum NoRecording {
    #[error("could not open {file}")]
    Open {
        file: String,
        #[source]
        cause: io::Error,
    },
    #[error("could not read {file}")]
    Unreadable {
        file: String,
        #[source]
        cause: io::Error,
    },
    #[error("{file} does not have this format")]
    Format {
        file: String,
        #[source]
        cause: BadHeader,
    },
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}: {why}")]
pub struct RefusedRow {
    pub file: String,
    /// From 1, the header included.
    pub line: u64,
    pub why: BadRow,
}

/// A row that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// From 0, refused rows counted: the row's place in the file.
    pub row: u64,
    pub scan: Scan,
    /// In the order of [`Recording::labels`].
    pub labels: Vec<f64>,
}

/// How reading went so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub taken: u64,
    pub refused: u64,
}

/// An open file. Iterate for its rows; an error of the disk ends it as a refused row.
pub struct Recording<R = File> {
    file: String,
    site: SiteId,
    asset: AssetId,
    device: DeviceId,
    layout: Layout,
    lines: Lines<R>,
    last: Option<Timestamp>,
    counts: Counts,
    over: bool,
}

/// The asset that a recording's file stands for: its folder and its name, `valve1-0`.
pub fn asset_of(file: &Path) -> AssetId {
    let part = |part: Option<&std::ffi::OsStr>| part.map(|name| slug(&name.to_string_lossy(), 20)).filter(|name| name != "unnamed");
    let folder = part(file.parent().and_then(Path::file_name));
    let stem = part(file.file_stem()).unwrap_or_else(|| "recording".into());
    let name = folder.map_or(stem.clone(), |folder| format!("{folder}-{stem}"));
    name.parse().expect("slugs are names")
}

/// One imported site of all these recordings. Nothing may act on it.
pub fn imported_plant<R>(site: &SiteId, recordings: &[Recording<R>]) -> Plant {
    let assets = recordings.iter().map(|recording| recording.layout.asset(&recording.asset)).collect();
    Plant { site: site.clone(), name: format!("Imported: {site}"), source: Source::Imported, assets }
}

impl Recording {
    /// Opens the file and checks its header. The asset is also the name of the device.
    pub fn open(file: &Path, map: &ColumnMap, site: &SiteId, asset: &AssetId) -> Result<Self, NoRecording> {
        let shown = PathBuf::from(file).display().to_string();
        let opened = File::open(file).map_err(|cause| NoRecording::Open { file: shown.clone(), cause })?;
        Self::read(shown, opened, map, site, asset)
    }
}

impl<R: Read> Recording<R> {
    /// The same from anything that reads; `file` is what refused rows are told with.
    pub fn read(file: String, source: R, map: &ColumnMap, site: &SiteId, asset: &AssetId) -> Result<Self, NoRecording> {
        let bad_format = |cause| NoRecording::Format { file: file.clone(), cause };
        let mut lines = Lines::of(source);
        let has_header = lines.advance().map_err(|cause| NoRecording::Unreadable { file: file.clone(), cause })?;
        if !has_header {
            return Err(bad_format(BadHeader::Absent));
        }
        let header = header(&lines, map.delimiter).map_err(|why| bad_format(BadHeader::Unreadable(why)))?;
        let device: DeviceId = asset.as_str().parse().expect("an asset's name is also a device's");
        let layout = Layout::of(map, &header, asset, &device).map_err(bad_format)?;
        let (site, asset) = (site.clone(), asset.clone());
        Ok(Self { file, site, asset, device, layout, lines, last: None, counts: Counts::default(), over: false })
    }

    pub fn asset(&self) -> &AssetId {
        &self.asset
    }
    /// The labels that this file has.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.layout.labels.iter().map(|(_, name)| name.as_str())
    }
    pub const fn counts(&self) -> Counts {
        self.counts
    }
    /// Bytes read so far, for progress.
    pub fn bytes_read(&self) -> u64 {
        self.lines.bytes()
    }

    fn parse(&mut self) -> Result<Parsed, BadRow> {
        let parsed = parse_row(&self.layout, self.lines.text()?)?;
        if let Some(before) = self.last.filter(|before| parsed.time < *before) {
            return Err(BadRow::TimeGoesBack { now: parsed.time, before });
        }
        self.last = Some(parsed.time);
        Ok(parsed)
    }

    fn refuse(&mut self, why: BadRow) -> RefusedRow {
        self.counts.refused += 1;
        RefusedRow { file: self.file.clone(), line: self.lines.number(), why }
    }

    fn take(&mut self, row: u64, parsed: Parsed) -> Row {
        let scan = Scan {
            site: self.site.clone(),
            device: self.device.clone(),
            epoch: 1,
            scan: self.counts.taken,
            scanned_at: parsed.time,
            received_at: parsed.time,
            readings: parsed.readings,
        };
        self.counts.taken += 1;
        Row { row, scan, labels: parsed.labels }
    }
}

impl<R: Read> Iterator for Recording<R> {
    type Item = Result<Row, RefusedRow>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let row = self.counts.taken + self.counts.refused;
        match self.lines.advance() {
            Ok(true) => Some(match self.parse() {
                Ok(parsed) => Ok(self.take(row, parsed)),
                Err(why) => Err(self.refuse(why)),
            }),
            Ok(false) => {
                self.over = true;
                None
            }
            Err(error) => {
                self.over = true;
                Some(Err(self.refuse(BadRow::Unreadable(error.to_string()))))
            }
        }
    }
}

/// The names of the columns. A spreadsheet's byte order mark is no part of the first.
fn header<R: Read>(lines: &Lines<R>, delimiter: char) -> Result<Vec<String>, BadRow> {
    let line = lines.text()?.trim_start_matches('\u{feff}');
    Ok(split(line, delimiter)?.iter().map(|name| name.trim().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skab(text: &str) -> Recording<&[u8]> {
        let (site, asset) = ("s".parse().unwrap(), asset_of(Path::new("data/valve1/0.csv")));
        Recording::read("0.csv".into(), text.as_bytes(), &ColumnMap::skab(), &site, &asset).unwrap()
    }
    const HEADER: &str = "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;Voltage;Volume Flow RateRMS";

    #[test]
    fn bad_rows_are_refused_with_file_and_line_and_reading_goes_on() {
        let text = format!(
            "{HEADER};anomaly;changepoint\n2020-03-09 10:34:33;1;2;3;4;5;6;7;8;0.0;0.0\n2020-03-09 10:34:34;1;2;3\n\
             2020-03-09 10:34:32;1;2;3;4;5;6;7;8;0.0;0.0\n2020-03-09 10:34:35;x;2;3;4;5;6;7;8;0.0;0.0\n2020-03-09 10:34:36;1;2;3;4;5;6;7;9;1.0;1.0\n"
        );
        let mut recording = skab(&text);
        let rows: Vec<_> = recording.by_ref().collect();
        let refused: Vec<String> = rows.iter().filter_map(|row| row.as_ref().err()).map(ToString::to_string).collect();
        assert_eq!(refused[0], "0.csv:3: has 4 columns instead of 11");
        assert!(refused[1].starts_with("0.csv:4: the time 2020-03-09T10:34:32"), "{refused:?}");
        assert_eq!(refused[2], "0.csv:5: \"x\" in column 2 is not a number");
        let taken: Vec<&Row> = rows.iter().flatten().collect();
        assert_eq!(taken.iter().map(|row| (row.row, row.scan.scan)).collect::<Vec<_>>(), [(0, 0), (4, 1)]);
        assert_eq!((taken[1].labels.as_slice(), recording.counts()), ([1.0, 1.0].as_slice(), Counts { taken: 2, refused: 3 }));
    }

    #[test]
    fn labels_never_become_readings() {
        let text = format!("{HEADER};anomaly;changepoint\n2020-03-09 10:34:33;1;2;3;4;5;6;7;8;1.0;1.0\n");
        let recording = skab(&text);
        let plant = imported_plant(&"s".parse().unwrap(), std::slice::from_ref(&recording)).checked().unwrap();
        assert_eq!((plant.source, plant.signals().count()), (Source::Imported, 8));
        assert_eq!(recording.map(|row| row.unwrap().scan.readings.len()).collect::<Vec<_>>(), [8]);
    }

    #[test]
    fn a_file_without_labels_has_none() {
        let text = format!("\u{feff}{HEADER}\r\n2020-03-09 10:34:33;1;2;3;4;5;6;7;8\r\n");
        let mut recording = skab(&text);
        assert_eq!(recording.labels().count(), 0);
        assert!(recording.next().unwrap().unwrap().labels.is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_are_one_refused_row() {
        let mut bytes = format!("{HEADER}\n").into_bytes();
        bytes.extend(b"2020-03-09 10:34:33;1;2;3;4;5;6;7;\xff\xfe\n2020-03-09 10:34:34;1;2;3;4;5;6;7;8\n");
        let (site, asset) = ("s".parse().unwrap(), "a".parse().unwrap());
        let recording = Recording::read("f".into(), bytes.as_slice(), &ColumnMap::skab(), &site, &asset).unwrap();
        assert_eq!(recording.map(|row| row.is_ok()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn a_stray_quote_spoils_its_own_row_alone() {
        let text = format!("{HEADER}\n2020-03-09 10:34:33;\"1;2;3;4;5;6;7;8\n2020-03-09 10:34:34;\"1\";2;3;4;5;6;7;8\n");
        assert_eq!(skab(&text).map(|row| row.is_ok()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn an_asset_is_named_after_folder_and_file() {
        assert_eq!(asset_of(Path::new("../data/valve1/0.csv")).as_str(), "valve1-0");
        assert_eq!(asset_of(Path::new("Pumpe Süd.csv")).as_str(), "pumpe_s_d");
    }
}
