//! When will a case's signals reach their thresholds, if they go on as they do? From the rollups since the case began, or since something was done.

use crate::{
    Projections,
    db::NotRead,
    open_cases::CaseRow,
    readings::{self, Period},
};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    case::CaseFile,
    evidence::Feature,
    forecast::{Forecast, time_to_threshold},
    ids::SignalId,
    plant::Signal,
};

/// The drift has begun before the alert.
const BEFORE: TimeDelta = TimeDelta::minutes(10);
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// Baseline standard deviations at which an alert is critical: the threshold where the engineers gave none.
const CRITICAL: f64 = 8.0;
const MOST_SIGNALS: usize = 4;
const MOST_POINTS: usize = 2_000;

#[derive(Debug, Clone, PartialEq)]
pub struct SignalForecast {
    pub signal: SignalId,
    /// In the signal's unit.
    pub threshold: f64,
    /// The threshold is where the signal trips as described; else it is eight baseline standard deviations.
    pub described: bool,
    /// The latest reading that it rests on (plant time); the forecast counts from there.
    pub from: Timestamp,
    pub forecast: Forecast,
}

impl Projections {
    /// For an open case, soonest first. Empty when nothing drifts towards anything.
    pub async fn forecasts(&self, row: &CaseRow) -> Result<Vec<SignalForecast>, NotRead> {
        let Some(file) = row.case.open_file() else { return Ok(vec![]) };
        let mut found = Vec::new();
        for (signal, towards) in drifting(file) {
            if let Some(forecast) = self.forecast(row, file, &signal, towards).await? {
                found.push(forecast);
            }
        }
        found.sort_by(|one, other| one.forecast.expected_s.total_cmp(&other.forecast.expected_s));
        Ok(found)
    }

    async fn forecast(&self, row: &CaseRow, file: &CaseFile, signal: &SignalId, towards: f64) -> Result<Option<SignalForecast>, NotRead> {
        let plants = self.plants();
        let plant = plants.iter().find(|plant| plant.plant.as_ref().is_some_and(|plant| plant.site == row.site));
        let described = plant.and_then(|plant| plant.plant.as_ref()?.signal(signal).map(|(_, signal)| signal));
        let baseline = plant.and_then(|plant| plant.baselines.get(signal.as_str()));
        let (Some(described), Some(baseline)) = (described, baseline) else { return Ok(None) };
        let critical = baseline.mean + towards.signum() * CRITICAL * baseline.std;
        let limit = trip(described, towards);
        let newest = self.live().newest(&row.site, signal).map(|row| row.at);
        let Some(to) = newest else { return Ok(None) };
        let span = [since(file, to), to];
        let points = readings::rollups(&self.readings(), &row.site, signal, period(span), span, MOST_POINTS).await?;
        let points: Vec<(f64, f64)> =
            points.iter().filter_map(|point| Some((point.at.since(span[0]).num_milliseconds() as f64 / 1_000.0, point.mean?))).collect();
        let threshold = limit.unwrap_or(critical);
        let forecast = time_to_threshold(&points, threshold);
        Ok(forecast.map(|forecast| SignalForecast { signal: signal.clone(), threshold, described: limit.is_some(), from: to, forecast }))
    }
}

/// The signals that the case is about, with the direction in which they left.
fn drifting(file: &CaseFile) -> Vec<(SignalId, f64)> {
    let diagnosed = file.diagnosis.iter().flat_map(|diagnosis| &diagnosis.evidence_for);
    let mut found: Vec<(SignalId, f64)> = Vec::new();
    for evidence in file.evidence.iter().chain(diagnosed) {
        let has_drifted = matches!(evidence.feature, Feature::Drift | Feature::Contribution | Feature::Slope);
        if has_drifted && !found.iter().any(|(known, _)| *known == evidence.signal) {
            found.push((evidence.signal.clone(), evidence.magnitude));
        }
    }
    found.truncate(MOST_SIGNALS);
    found
}

fn trip(signal: &Signal, towards: f64) -> Option<f64> {
    let trip = signal.trip?;
    if towards > 0.0 { trip.high } else { trip.low }
}

/// What was done has changed the way things go: what was before says nothing of what comes.
fn since(file: &CaseFile, to: Timestamp) -> Timestamp {
    file.acted_at().unwrap_or(file.opened_at - BEFORE).max(to - LONGEST)
}

fn period([from, to]: [Timestamp; 2]) -> Period {
    match to.since(from) {
        span if span <= TimeDelta::hours(4) => Period::TenSeconds,
        _ => Period::Minute,
    }
}
