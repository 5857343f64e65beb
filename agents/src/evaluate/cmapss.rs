//! C-MAPSS turbofan engines, run until they fail (Saxena and Goebel 2008): how long one still runs, and how often the interval is right.
//!
//! Each engine is judged by what the four fifths of the others in other folds have taught, at half, seven tenths and 85 % of its life and ten
//! cycles before its end, from what it had shown by then. Wear is one figure: each sensor's departure from the engine's own first cycles,
//! weighted by how far engines that failed had departed. Early lives cannot be told apart, so rests above 125 cycles count as 125, as is usual.

use millwright_domain::memory::remaining::{Runs, Width};
use serde::Serialize;
use std::{collections::BTreeMap, io, path::Path};
use thiserror::Error;

const FOLDS: usize = 5;
/// Cycles in which an engine is as it was delivered.
const DELIVERED: usize = 20;
const SMOOTHING: f64 = 0.08;
const CAP: f64 = 125.0;
const COVERAGE: f64 = 0.9;
/// Columns before the sensors: engine, cycle, three settings.
const SETTINGS: usize = 5;

#[derive(Debug, Error)]
pub enum BadEngines {
    #[error("could not read {path}; give train_FD001.txt of C-MAPSS, or the folder that it is in")]
    Unreadable {
        path: String,
        #[source]
        cause: io::Error,
    },
    #[error("{path}, line {line}: {why}; every line has an engine, a cycle, three settings and the sensors, with spaces between")]
    Line { path: String, line: usize, why: String },
    #[error("{path} has {engines} engines that ran long enough, and 10 are needed to learn from")]
    TooFew { path: String, engines: usize },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cmapss {
    pub engines: usize,
    pub judged: usize,
    /// In cycles, rests above 125 counted as 125.
    pub rmse: f64,
    /// The same of rests below 60 cycles.
    pub rmse_late: f64,
    /// Share of rests within their interval; 0.9 is claimed.
    pub coverage: f64,
    /// Median width of the interval, in cycles.
    pub width: f64,
    /// Expected and true rest of each, for the picture.
    #[serde(skip)]
    pub pairs: Vec<(f64, f64)>,
}

/// Sensors by cycle.
type Engine = Vec<Vec<f64>>;

struct Judged {
    engine: usize,
    expected: f64,
    rest: f64,
}

pub fn evaluate_cmapss(path: &Path) -> Result<Cmapss, BadEngines> {
    let file = if path.is_dir() { path.join("train_FD001.txt") } else { path.to_path_buf() };
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|cause| BadEngines::Unreadable { path: shown.clone(), cause })?;
    let engines = engines(&text, &shown)?;
    if engines.len() < 10 {
        return Err(BadEngines::TooFew { path: shown, engines: engines.len() });
    }
    Ok(figures(engines.len(), &judge(&engines)))
}

fn engines(text: &str, path: &str) -> Result<Vec<Engine>, BadEngines> {
    let mut engines: BTreeMap<u32, Engine> = BTreeMap::new();
    let mut width = None;
    for (line, content) in (1..).zip(text.lines()).filter(|(_, content)| !content.trim().is_empty()) {
        let bad = |why: String| BadEngines::Line { path: path.into(), line, why };
        let numbers: Vec<f64> = content
            .split_whitespace()
            .map(|text| text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| bad(format!("{text:?} is no number"))))
            .collect::<Result<_, _>>()?;
        let expected = *width.get_or_insert(numbers.len());
        if numbers.len() != expected || expected <= SETTINGS {
            return Err(bad(format!("{} columns", numbers.len())));
        }
        engines.entry(numbers[0] as u32).or_default().push(numbers[SETTINGS..].to_vec());
    }
    Ok(engines.into_values().filter(|engine| engine.len() > 2 * DELIVERED).collect())
}

fn judge(engines: &[Engine]) -> Vec<Judged> {
    let departures: Vec<Engine> = engines.iter().map(departures).collect();
    let mut judged = Vec::new();
    for fold in 0..FOLDS {
        let others = || departures.iter().enumerate().filter(|(number, _)| number % FOLDS != fold).map(|(_, engine)| engine);
        let weights = weights(others());
        let runs = Runs::new(others().map(|engine| wear(engine, &weights)).collect());
        for (number, engine) in departures.iter().enumerate().filter(|(number, _)| number % FOLDS == fold) {
            let (curve, life) = (wear(engine, &weights), engine.len());
            for so_far in [life / 2, life * 7 / 10, life * 85 / 100, life - 10] {
                let Some(expected) = runs.expected(&curve[..so_far]) else { continue };
                judged.push(Judged { engine: number, expected: expected.min(CAP), rest: ((life - so_far) as f64).min(CAP) });
            }
        }
    }
    judged
}

/// From the engine's own first cycles.
fn departures(engine: &Engine) -> Engine {
    let width = engine.first().map_or(0, Vec::len);
    let first: Vec<f64> = (0..width).map(|sensor| engine[..DELIVERED].iter().map(|row| row[sensor]).sum::<f64>() / DELIVERED as f64).collect();
    engine.iter().map(|row| row.iter().zip(&first).map(|(value, first)| value - first).collect()).collect()
}

/// How far failed engines had departed in a sensor, over its variance while they were new; of unit length in units of that spread.
fn weights<'a>(engines: impl Iterator<Item = &'a Engine> + Clone) -> Vec<f64> {
    const LAST: usize = 5;
    let count = engines.clone().count().max(1) as f64;
    let width = engines.clone().next().and_then(|engine| engine.first()).map_or(0, Vec::len);
    let mean = |of: &dyn Fn(&Engine) -> f64| engines.clone().map(of).sum::<f64>() / count;
    let weight = |sensor: usize| {
        let variance = mean(&|engine| engine[..DELIVERED].iter().map(|row| row[sensor].powi(2)).sum::<f64>() / DELIVERED as f64);
        let end = mean(&|engine| engine[engine.len() - LAST..].iter().map(|row| row[sensor]).sum::<f64>() / LAST as f64);
        if variance > 1e-18 { (end / variance, variance) } else { (0.0, 0.0) }
    };
    let weighed: Vec<(f64, f64)> = (0..width).map(weight).collect();
    let length = weighed.iter().map(|(weight, variance)| weight * weight * variance).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    weighed.into_iter().map(|(weight, _)| weight / length).collect()
}

/// One figure for each cycle, smoothed.
fn wear(engine: &Engine, weights: &[f64]) -> Vec<f64> {
    let mut smoothed = 0.0;
    let figure = |(cycle, row): (usize, &Vec<f64>)| {
        let now: f64 = row.iter().zip(weights).map(|(value, weight)| value * weight).sum();
        smoothed += SMOOTHING.max(1.0 / (cycle + 1) as f64) * (now - smoothed);
        smoothed
    };
    engine.iter().enumerate().map(figure).collect()
}

fn figures(engines: usize, judged: &[Judged]) -> Cmapss {
    let rmse = |of: &dyn Fn(&Judged) -> bool| {
        let squares: Vec<f64> = judged.iter().filter(|one| of(one)).map(|one| (one.expected - one.rest).powi(2)).collect();
        (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt()
    };
    let (mut covered, mut widths) = (0_usize, Vec::with_capacity(judged.len()));
    for one in judged {
        // As wide as the errors on other engines say.
        let known: Vec<(f64, f64)> = judged.iter().filter(|other| other.engine != one.engine).map(|other| (other.expected, other.rest)).collect();
        let Some(width) = Width::covering(&known, COVERAGE) else { continue };
        let remaining = width.around(one.expected);
        covered += usize::from((remaining.at_least..=remaining.at_most).contains(&one.rest));
        widths.push(remaining.at_most - remaining.at_least);
    }
    widths.sort_by(f64::total_cmp);
    Cmapss {
        engines,
        judged: judged.len(),
        rmse: rmse(&|_| true),
        rmse_late: rmse(&|one| one.rest < 60.0),
        coverage: covered as f64 / judged.len().max(1) as f64,
        width: widths.get(widths.len() / 2).copied().unwrap_or(0.0),
        pairs: judged.iter().map(|one| (one.expected, one.rest)).collect(),
    }
}

impl Cmapss {
    pub fn figures(&self) -> Vec<(&'static str, String)> {
        vec![
            ("remaining life", format!("RMSE {:.1} cycles, {:.1} where less than 60 are left", self.rmse, self.rmse_late)),
            (
                "interval",
                format!(
                    "{:.0} % of rests are in it ({:.0} % claimed), median width {:.0} cycles",
                    100.0 * self.coverage,
                    100.0 * COVERAGE,
                    self.width
                ),
            ),
            ("read", format!("{} engines, judged at {} places", self.engines, self.judged)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::shared;

    #[test]
    fn the_rest_of_an_engine_is_known_to_some_twenty_cycles_and_the_interval_covers_what_it_claims() {
        let Some(folder) = shared("data/cmapss") else { return };
        let found = evaluate_cmapss(&folder).unwrap();
        assert_eq!(found.engines, 100);
        assert!(found.rmse < 23.0 && found.rmse_late < found.rmse, "{found:?}");
        assert!((0.87..=0.93).contains(&found.coverage), "{found:?}");
    }

    #[test]
    fn a_line_that_is_none_is_refused_with_its_number() {
        let refused = engines("1 1 0 0 0 5 6\n1 2 0 0 x 5 6\n", "f").unwrap_err().to_string();
        assert!(refused.contains("line 2") && refused.contains("\"x\""), "{refused}");
    }
}
