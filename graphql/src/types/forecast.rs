//! When a drifting signal reaches its threshold, if it goes on as it does.

use crate::scalars::{id, time};
use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use millwright_domain::Timestamp;
use millwright_projections::forecasts::SignalForecast;

/// Plant time. The interval is made to hold the moment in nine of ten cases.
#[derive(SimpleObject)]
pub struct Forecast {
    signal: ID,
    /// In the signal's unit.
    threshold: f64,
    /// The threshold is where the signal trips as described; else it is eight baseline standard deviations.
    described: bool,
    /// In the signal's unit an hour, signed.
    velocity_per_h: f64,
    /// The reading that it counts from.
    from: DateTime<Utc>,
    expected: DateTime<Utc>,
    earliest: DateTime<Utc>,
    /// Null: it may as well never get there.
    latest: Option<DateTime<Utc>>,
}

impl From<SignalForecast> for Forecast {
    fn from(found: SignalForecast) -> Self {
        let after = |seconds: f64| time(later(found.from, seconds));
        Self {
            signal: id(&found.signal),
            threshold: found.threshold,
            described: found.described,
            velocity_per_h: found.forecast.velocity_per_h,
            from: time(found.from),
            expected: after(found.forecast.expected_s),
            earliest: after(found.forecast.at_least_s),
            latest: found.forecast.at_most_s.map(after),
        }
    }
}

/// No further than a hundred years: times beyond that have no date.
fn later(from: Timestamp, seconds: f64) -> Timestamp {
    const MOST_S: f64 = 100.0 * 366.0 * 86_400.0;
    from + TimeDelta::seconds(seconds.clamp(0.0, MOST_S) as i64)
}
