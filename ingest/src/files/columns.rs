//! Which column of a recording is what: the format that a person names or describes, and what it comes to for one file's header.

use super::row::BadRow;
use millwright_domain::{
    ids::{AssetId, DeviceId, SignalId},
    plant::{Asset, Signal},
    quantity::{QuantityKind, Unit},
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use thiserror::Error;

/// A CSV format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    #[serde(default = "comma")]
    pub delimiter: char,
    /// The column with the time: `2020-03-09 10:34:33` (taken as UTC), RFC 3339, or seconds since 1970.
    pub time: String,
    /// What becomes signals. Left out: every column that is neither time nor label, as a generic quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<Column>>,
    /// Columns that say what was really so. They never become readings; a file may lack them.
    #[serde(default)]
    pub labels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its heading in the file.
    pub column: String,
    /// The signal's name within its asset; the heading in plain letters if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    pub kind: QuantityKind,
    pub unit: Unit,
}

fn comma() -> char {
    ','
}

impl ColumnMap {
    /// The recordings of the SKAB water circuit.
    pub fn skab() -> Self {
        let column = |column: &str, signal: &str, kind, unit| Column { column: column.into(), signal: Some(signal.into()), kind, unit };
        Self {
            delimiter: ';',
            time: "datetime".into(),
            columns: Some(vec![
                column("Accelerometer1RMS", "vibration_1", QuantityKind::Vibration, Unit::G),
                column("Accelerometer2RMS", "vibration_2", QuantityKind::Vibration, Unit::G),
                column("Current", "motor_current", QuantityKind::MotorCurrent, Unit::Ampere),
                column("Pressure", "pressure", QuantityKind::Pressure, Unit::Bar),
                column("Temperature", "motor_temperature", QuantityKind::MotorTemperature, Unit::Celsius),
                column("Thermocouple", "fluid_temperature", QuantityKind::FluidTemperature, Unit::Celsius),
                column("Voltage", "voltage", QuantityKind::Voltage, Unit::Volt),
                column("Volume Flow RateRMS", "flow", QuantityKind::Flow, Unit::LitresPerMinute),
            ]),
            labels: vec!["anomaly".into(), "changepoint".into()],
        }
    }
    /// Any file of which only the time and perhaps a label are known.
    pub fn of_any(time: &str, labels: Vec<String>, delimiter: char) -> Self {
        Self { delimiter, time: time.into(), columns: None, labels }
    }
}

/// Why a file does not have the format.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadHeader {
    #[error("there is no column {missing:?}; the file has: {present}. Is the delimiter {delimiter:?} right?")]
    Missing { missing: String, present: String, delimiter: char },
    #[error("column {0:?} is there twice")]
    Twice(String),
    #[error("no column is left that could be a signal")]
    NoSignals,
    #[error("the file has no first line with the names of its columns")]
    Absent,
    #[error("its first line cannot be read: it {0}")]
    Unreadable(BadRow),
}

/// Where everything stands in one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    pub(crate) delimiter: char,
    pub(crate) width: usize,
    pub(crate) time: usize,
    /// Column and signal, in the order of the scan's readings.
    pub(crate) signals: Vec<(usize, Signal)>,
    /// Column and name of the labels that the file has.
    pub(crate) labels: Vec<(usize, String)>,
}

impl Layout {
    /// The format as the file's own header bears it out.
    pub fn of(map: &ColumnMap, header: &[String], asset: &AssetId, device: &DeviceId) -> Result<Self, BadHeader> {
        let mut seen = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(BadHeader::Twice(twice.chars().take(60).collect()));
        }
        let place = |wanted: &str| header.iter().position(|name| name == wanted);
        let needed = |wanted: &str| {
            let present = || header.join(", ").chars().take(300).collect();
            place(wanted).ok_or_else(|| BadHeader::Missing { missing: wanted.into(), present: present(), delimiter: map.delimiter })
        };
        let time = needed(&map.time)?;
        let labels: Vec<(usize, String)> = map.labels.iter().filter_map(|name| Some((place(name)?, name.clone()))).collect();
        let is_signal = |name: &&String| **name != map.time && !map.labels.contains(name);
        let generic = |name: &String| Column { column: name.clone(), signal: None, kind: QuantityKind::Generic, unit: Unit::One };
        let columns = map.columns.clone().unwrap_or_else(|| header.iter().filter(is_signal).map(generic).collect());
        let mut names = Names::default();
        let mut signals = Vec::with_capacity(columns.len());
        for column in &columns {
            let id = names.unique(asset, column.signal.as_deref().unwrap_or(&column.column));
            let signal = Signal { id, device: device.clone(), kind: column.kind, unit: column.unit, range: None, trip: None, writable: None };
            signals.push((needed(&column.column)?, signal));
        }
        if signals.is_empty() {
            return Err(BadHeader::NoSignals);
        }
        Ok(Self { delimiter: map.delimiter, width: header.len(), time, signals, labels })
    }

    /// The asset that the recording is of.
    pub(crate) fn asset(&self, id: &AssetId) -> Asset {
        let signals = self.signals.iter().map(|(_, signal)| signal.clone()).collect();
        let place = "recordings".to_string();
        Asset {
            id: id.clone(),
            name: id.to_string(),
            area: place.clone(),
            line: place,
            cell: None,
            class: "recording".into(),
            vendor: String::new(),
            signals,
        }
    }
}

/// Signal ids made from headings, each once.
#[derive(Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    pub(crate) fn unique(&mut self, asset: &AssetId, heading: &str) -> SignalId {
        let slug: String = slug(heading, 40);
        let numbered = (1u32..).map(|number| if number == 1 { slug.clone() } else { format!("{slug}_{number}") });
        // The range of numbers does not end before a free one is found.
        let name = numbered.into_iter().find(|name| !self.0.contains(name)).unwrap_or(slug.clone());
        self.0.insert(name.clone());
        format!("{}/{name}", asset.as_str().chars().take(48).collect::<String>()).parse().expect("slugs are names")
    }
}

/// A text in the letters that names are made of; never empty.
pub fn slug(text: &str, longest: usize) -> String {
    let mut slug = String::new();
    for letter in text.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug: String = slug.chars().take(longest).collect();
    let slug = slug.trim_end_matches('_');
    if slug.is_empty() { "unnamed".into() } else { slug.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(map: &ColumnMap, header: &[&str]) -> Result<Layout, BadHeader> {
        let header: Vec<String> = header.iter().map(|name| name.to_string()).collect();
        Layout::of(map, &header, &"m".parse().unwrap(), &"d".parse().unwrap())
    }

    #[test]
    fn any_file_is_read_with_its_time_and_label_named() {
        let map = ColumnMap::of_any("timestamp", vec!["label".into()], ',');
        let layout = layout(&map, &["timestamp", "Air temperature [K]", "Air temperature (K)", "label"]).unwrap();
        let signals: Vec<&str> = layout.signals.iter().map(|(_, signal)| signal.id.as_str()).collect();
        assert_eq!(signals, ["m/air_temperature_k", "m/air_temperature_k_2"]);
        assert_eq!(layout.labels, [(3, "label".to_string())]);
    }

    #[test]
    fn a_missing_column_is_named_with_those_that_are_there() {
        let refused = layout(&ColumnMap::skab(), &["datetime;Current"]).unwrap_err().to_string();
        assert!(refused.contains("\"datetime\"") && refused.contains("datetime;Current") && refused.contains("';'"), "{refused}");
        assert_eq!(layout(&ColumnMap::of_any("t", vec![], ','), &["t", "a", "a"]), Err(BadHeader::Twice("a".into())));
        assert_eq!(layout(&ColumnMap::of_any("t", vec![], ','), &["t"]), Err(BadHeader::NoSignals));
    }

    #[test]
    fn a_map_with_an_unknown_key_is_refused() {
        let refused = serde_json::from_str::<ColumnMap>(r#"{"time": "t", "colums": []}"#).unwrap_err().to_string();
        assert!(refused.contains("colums"), "{refused}");
    }
}
