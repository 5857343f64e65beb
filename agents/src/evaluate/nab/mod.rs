//! The score of the Numenta Anomaly Benchmark, standard profile (Lavin and Ahmad 2015, as `sweeper.py` of v1.1 computes it).

mod corpus;

pub use corpus::{BadCorpus, Series, read_corpus};

use super::{
    degenerate::{periodic, random},
    report::Prediction,
};
use crate::monitor::detectors::{Combiner, Verdict, combiner::CombinerSettings};
use serde::Serialize;
use std::{ops::AddAssign, path::Path};

const HIT: f64 = 1.0;
const FALSE_ALARM: f64 = 0.11;
const MISS: f64 = 1.0;

/// Detectors that look at nothing: of so many rows, which are alarms.
type Nothing = (&'static str, fn(usize) -> Vec<bool>);
const NOTHING: [Nothing; 2] = [("an alarm every 400 rows", |rows| periodic(rows, 400)), ("one row of 500 by lot", |rows| random(rows, 0.002, 1))];

/// Rows at the beginning that are not scored: 15 %, of at most 5,000.
pub fn probation(rows: usize) -> usize {
    rows.min(5_000) * 15 / 100
}

/// First and last row of a labelled anomaly.
pub type Window = (usize, usize);

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct NabCounts {
    pub windows: u32,
    pub found: u32,
    pub false_alarms: u32,
    pub rows: u64,
    points: f64,
}

impl NabCounts {
    /// `alarms` has one entry for each row; `windows` are ascending and do not overlap.
    pub fn of(alarms: &[bool], windows: &[Window]) -> Self {
        let start = probation(alarms.len());
        let mut counts = Self { rows: alarms.len() as u64, ..Self::default() };
        for (from, to) in windows.iter().filter(|(_, to)| *to >= start) {
            let first = (start.max(*from)..=*to).find(|row| alarms.get(*row) == Some(&true));
            counts.windows += 1;
            counts.found += u32::from(first.is_some());
            counts.points += first.map_or(-MISS, |row| worth(row, (*from, *to)));
        }
        for (row, _) in alarms.iter().enumerate().skip(start).filter(|(_, alarm)| **alarm) {
            if windows.iter().any(|(from, to)| (*from..=*to).contains(&row)) {
                continue;
            }
            let before = windows.iter().rev().find(|(_, to)| *to < row);
            counts.false_alarms += 1;
            counts.points += FALSE_ALARM * before.map_or(-1.0, |window| sigmoid(behind(row, *window)));
        }
        counts
    }

    /// 100 for every anomaly found at its window's first row and no false alarm, 0 for saying nothing, below 0 for doing harm.
    pub fn score(&self) -> f64 {
        let null = -MISS * f64::from(self.windows);
        let perfect = HIT * f64::from(self.windows);
        if self.windows == 0 { 0.0 } else { 100.0 * (self.points - null) / (perfect - null) }
    }
}

impl AddAssign for NabCounts {
    fn add_assign(&mut self, other: Self) {
        self.windows += other.windows;
        self.found += other.found;
        self.false_alarms += other.false_alarms;
        self.rows += other.rows;
        self.points += other.points;
    }
}

/// The first row of a window earns 1, the last little.
fn worth(row: usize, (from, to): Window) -> f64 {
    let width = (to - from + 1) as f64;
    HIT * sigmoid(-((to - row + 1) as f64) / width) / sigmoid(-1.0)
}

/// How many widths of the window a row is behind it.
fn behind(row: usize, (from, to): Window) -> f64 {
    (row - to) as f64 / to.saturating_sub(from).max(1) as f64
}

/// 2 / (1 + e^5y) - 1 from 1 far before a window's end to -1 far behind it.
fn sigmoid(position: f64) -> f64 {
    if position >= 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}

/// The whole, each file by its name, and every row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NabReport {
    pub total: NabCounts,
    pub files: Vec<(String, NabCounts)>,
    pub predictions: Vec<Prediction>,
    /// What detectors that look at nothing get on the same files.
    pub for_nothing: Vec<(&'static str, NabCounts)>,
}

fn judge(values: &[f64], settings: CombinerSettings) -> Vec<Verdict> {
    let mut combiner = Combiner::new(settings);
    values.iter().map(|value| combiner.step(*value)).collect()
}

/// The detectors of one signal over every file that the labels name; an alarm is told on the rise alone.
pub fn evaluate_nab(folder: &Path, settings: CombinerSettings) -> Result<NabReport, BadCorpus> {
    let for_nothing = NOTHING.iter().map(|(name, _)| (*name, NabCounts::default())).collect();
    let mut report = NabReport { for_nothing, ..NabReport::default() };
    for series in read_corpus(folder)? {
        let verdicts = judge(&series.values, settings);
        let alarms: Vec<bool> = verdicts.iter().map(Verdict::raised).collect();
        let counts = NabCounts::of(&alarms, &series.windows);
        report.total += counts;
        for ((_, total), (_, alarms)) in report.for_nothing.iter_mut().zip(NOTHING) {
            *total += NabCounts::of(&alarms(series.values.len()), &series.windows);
        }
        let prediction = |(row, verdict): (usize, &Verdict)| Prediction {
            file: series.file.clone(),
            row,
            score: verdict.surprise,
            alarm: verdict.raised().into(),
            change: verdict.raised(),
            anomalous: series.windows.iter().any(|(from, to)| (*from..=*to).contains(&row)),
            value: series.values.get(row).copied(),
        };
        report.predictions.extend(verdicts.iter().enumerate().map(prediction));
        report.files.push((series.file, counts));
    }
    Ok(report)
}

impl NabReport {
    pub fn figures(&self) -> Vec<(&'static str, String)> {
        let counts = |counts: &NabCounts| {
            format!(
                "{:.1}; {} of {} windows found, {} false alarms in {} rows",
                counts.score(),
                counts.found,
                counts.windows,
                counts.false_alarms,
                counts.rows
            )
        };
        let mut figures = vec![("NAB score", counts(&self.total))];
        figures.extend(self.for_nothing.iter().map(|(name, total)| (*name, counts(total))));
        figures
    }
    /// One line a file.
    pub fn details(&self) -> String {
        let line = |(file, counts): &(String, NabCounts)| {
            format!("| {file} | {:.1} | {} of {} | {} |\n", counts.score(), counts.found, counts.windows, counts.false_alarms)
        };
        let lines: String = self.files.iter().map(line).collect();
        format!("\n| file | score | found | false alarms |\n|---|---|---|---|\n{lines}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarms_at(rows: usize, at: &[usize]) -> Vec<bool> {
        (0..rows).map(|row| at.contains(&row)).collect()
    }
    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-4
    }

    #[test]
    fn finding_an_anomaly_at_once_is_perfect_and_silence_is_nothing() {
        let windows = [(300, 399), (700, 799)];
        assert!(near(NabCounts::of(&alarms_at(1_000, &[300, 310, 700]), &windows).score(), 100.0));
        assert_eq!(NabCounts::of(&alarms_at(1_000, &[]), &windows).score(), 0.0);
    }

    #[test]
    fn halfway_and_at_the_end_earn_what_the_paper_says() {
        // -0.5: (2 / (1 + e^-2.5) - 1) / 0.98661 = 0.84828 / 0.98661
        assert!(near(worth(350, (300, 399)), 0.859_791));
        // The last row of 100 is at -0.01: 0.024995 / 0.98661
        assert!(near(worth(399, (300, 399)), 0.025_334));
    }

    #[test]
    fn false_alarms_cost_more_the_further_behind_a_window_they_are() {
        let windows = [(300, 399)];
        let points = |at: usize| NabCounts::of(&alarms_at(1_000, &[300, at]), &windows).points - 1.0;
        assert!(near(points(200), -0.11), "before any window");
        // 99 rows behind a window 99 wide: -0.98661 * 0.11
        assert!(near(points(498), -0.108_527));
        assert!(near(points(900), -0.11));
        assert!(points(400) > -0.003);
    }

    #[test]
    fn the_beginning_is_not_scored() {
        assert_eq!((probation(1_000), probation(4_032), probation(22_695)), (150, 604, 750));
        assert_eq!(NabCounts::of(&alarms_at(1_000, &[0, 149]), &[(300, 399)]).false_alarms, 0);
        assert_eq!(NabCounts::of(&alarms_at(1_000, &[0, 150]), &[(300, 399)]).false_alarms, 1);
    }

    #[test]
    fn three_of_four_found_with_two_false_alarms_is_scored_by_hand() {
        let windows = [(200, 299), (400, 499), (600, 699), (800, 899)];
        let counts = NabCounts::of(&alarms_at(1_000, &[160, 180, 200, 400, 600]), &windows);
        // 3 - 1 - 0.22 = 1.78; (1.78 + 4) / 8
        assert!(near(counts.score(), 72.25));
        assert_eq!((counts.windows, counts.found, counts.false_alarms), (4, 3, 2));
    }

    #[test]
    fn no_alarm_depends_on_a_later_row() {
        let values: Vec<f64> = (0..1_500_u32).map(|i| f64::from(i * 7_919 % 101) + if i > 1_200 { 300.0 } else { 0.0 }).collect();
        let whole = judge(&values, CombinerSettings::default());
        assert_eq!(whole[..1_250], judge(&values[..1_250], CombinerSettings::default())[..]);
    }

    #[test]
    fn labels_of_another_version_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::write(folder.join("a.csv"), "timestamp,value\n2014-01-01 00:00:00,1.5\n").unwrap();
        std::fs::write(folder.join("windows.json"), r#"{"a.csv": [["2015-01-01 00:00:00.000000", "2015-01-02 00:00:00.000000"]]}"#).unwrap();
        assert!(matches!(read_corpus(folder), Err(BadCorpus::EmptyWindow { .. })));
    }
}
