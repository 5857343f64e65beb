//! AI4I 2020 (Matzka 2020): which failures of a milling machine follow from what was measured, and which do not.
//!
//! Power and overstrain are sums of what is written in the record. Heat is as far as the record goes: it is rounded to 0.1 K, and the limit
//! falls on a rounded value, so a few records on it cannot be told apart. Tool wear and random failures are drawn by lot; where the machine
//! failed and no rule fits, the answer is "not determinable".

use serde::{Deserialize, Serialize};
use std::{f64::consts::TAU, path::Path};
use thiserror::Error;

#[derive(Debug, Error)]
#[error("could not read {path} as records of AI4I 2020; give its ai4i2020.csv")]
pub struct BadRecords {
    path: String,
    #[source]
    cause: csv::Error,
}

/// A record's columns, by their names in the file.
#[derive(Debug, Clone, Deserialize)]
struct Record {
    #[serde(rename = "Type")]
    quality: String,
    #[serde(rename = "Air temperature [K]")]
    air_k: f64,
    #[serde(rename = "Process temperature [K]")]
    process_k: f64,
    #[serde(rename = "Rotational speed [rpm]")]
    speed_rpm: f64,
    #[serde(rename = "Torque [Nm]")]
    torque_nm: f64,
    #[serde(rename = "Tool wear [min]")]
    wear_min: f64,
    #[serde(rename = "TWF")]
    wear: u8,
    #[serde(rename = "HDF")]
    heat: u8,
    #[serde(rename = "PWF")]
    power: u8,
    #[serde(rename = "OSF")]
    overstrain: u8,
    #[serde(rename = "RNF")]
    random: u8,
}

/// One mode of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Mode {
    pub failures: u32,
    /// Named by its rule.
    pub named: u32,
    /// Named where it was not.
    pub wrong: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Ai4i {
    pub records: u32,
    pub heat: Mode,
    pub power: Mode,
    pub overstrain: Mode,
    /// Failures by wear alone or by lot alone …
    pub not_determinable: u32,
    /// … to which no rule gives a cause: "not determinable".
    pub said_so: u32,
}

impl Record {
    fn is_overheated(&self) -> bool {
        // Both are given to 0.1 K; their difference is exact only in tenths.
        ((self.process_k - self.air_k) * 10.0).round() <= 86.0 && self.speed_rpm < 1_380.0
    }
    fn is_out_of_power(&self) -> bool {
        let watts = self.torque_nm * self.speed_rpm * TAU / 60.0;
        !(3_500.0..=9_000.0).contains(&watts)
    }
    fn is_overstrained(&self) -> bool {
        let limit = match self.quality.as_str() {
            "L" => 11_000.0,
            "M" => 12_000.0,
            _ => 13_000.0,
        };
        self.wear_min * self.torque_nm > limit
    }
}

impl Mode {
    fn count(&mut self, named: bool, failed: bool) {
        self.failures += u32::from(failed);
        self.named += u32::from(named && failed);
        self.wrong += u32::from(named && !failed);
    }
}

pub fn evaluate_ai4i(path: &Path) -> Result<Ai4i, BadRecords> {
    let file = if path.is_dir() { path.join("ai4i2020.csv") } else { path.to_path_buf() };
    let bad = |cause| BadRecords { path: file.display().to_string(), cause };
    let mut found = Ai4i::default();
    for record in csv::ReaderBuilder::new().from_path(&file).map_err(bad)?.deserialize() {
        found.judge(&record.map_err(bad)?);
    }
    Ok(found)
}

impl Ai4i {
    fn judge(&mut self, record: &Record) {
        let (heat, power, overstrain) = (record.is_overheated(), record.is_out_of_power(), record.is_overstrained());
        self.records += 1;
        self.heat.count(heat, record.heat == 1);
        self.power.count(power, record.power == 1);
        self.overstrain.count(overstrain, record.overstrain == 1);
        let by_lot = (record.wear == 1 || record.random == 1) && record.heat + record.power + record.overstrain == 0;
        self.not_determinable += u32::from(by_lot);
        self.said_so += u32::from(by_lot && !(heat || power || overstrain));
    }

    pub fn figures(&self) -> Vec<(&'static str, String)> {
        let mode = |mode: &Mode| format!("{} of {} named, {} named wrongly", mode.named, mode.failures, mode.wrong);
        vec![
            ("power", mode(&self.power)),
            ("overstrain", mode(&self.overstrain)),
            ("heat", mode(&self.heat)),
            ("by lot", format!("{} of {} answered with \"not determinable\"", self.said_so, self.not_determinable)),
            ("read", format!("{} records", self.records)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::shared;

    #[test]
    fn failures_that_follow_from_the_record_are_named_and_the_others_are_said_to_be_not_determinable() {
        let Some(folder) = shared("data/ai4i") else { return };
        let found = evaluate_ai4i(&folder).unwrap();
        assert_eq!(found.power, Mode { failures: 95, named: 95, wrong: 0 });
        assert_eq!(found.overstrain, Mode { failures: 98, named: 98, wrong: 0 });
        assert_eq!((found.heat.failures, found.heat.named), (115, 115));
        assert!(found.heat.wrong <= 15, "{found:?}");
        assert!(f64::from(found.said_so) >= 0.95 * f64::from(found.not_determinable), "{found:?}");
    }

    #[test]
    fn a_file_of_something_else_is_refused_with_what_to_give() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ai4i2020.csv");
        std::fs::write(&file, "a,b\n1,2\n").unwrap();
        assert!(evaluate_ai4i(&file).unwrap_err().to_string().contains("ai4i2020.csv"));
    }
}
