//! One signal's curve, raw from the log or from rollups, as far as it was known at the time that the request is about.

use crate::{
    errors::storage,
    state::AppState,
    types::readings::{Point, Resolution},
};
use async_graphql::Result;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::{SignalId, SiteId},
};
use millwright_projections::readings;

pub(crate) async fn curve(
    state: &AppState,
    site: &SiteId,
    signal: &SignalId,
    resolution: Resolution,
    [from, mut to]: [Timestamp; 2],
    limit: usize,
) -> Result<(Vec<Point>, bool)> {
    let known_by = state.projections.as_of().map(|now| now.plant);
    let db = state.projections.readings();
    let Some(period) = resolution.period() else {
        let series = readings::raw(state.log.as_ref(), &db, site, signal, [from, to], known_by, limit).await.map_err(storage)?;
        return Ok((series.points.into_iter().map(Point::from).collect(), series.truncated));
    };
    if let Some(known_by) = known_by {
        // Only periods that were over: of the others nobody can say what was in them by then.
        to = to.min(known_by - TimeDelta::seconds(period.seconds()) + TimeDelta::microseconds(1));
    }
    let mut points = readings::rollups(&db, site, signal, period, [from, to], limit + 1).await.map_err(storage)?;
    let truncated = points.len() > limit;
    points.truncate(limit);
    Ok((points.into_iter().map(Point::from).collect(), truncated))
}

pub(crate) fn unit_of(state: &AppState, site: &SiteId, signal: &SignalId) -> Option<String> {
    let plants = state.projections.plants();
    let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == *site)?;
    plant.signal(signal).map(|(_, signal)| signal.unit.to_string())
}

/// What lies between a point and where the next question begins.
pub(crate) fn step(resolution: Resolution) -> TimeDelta {
    resolution.period().map_or(TimeDelta::microseconds(1), |period| TimeDelta::seconds(period.seconds()))
}
