//! When a case has shown itself for a while, remember what it looked like: its readings become a signature, and the signature a fact.

use crate::{
    insist::{insist, reaction_id, service},
    site_tail::{SiteTail, TailError},
};
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, RememberCase};
use millwright_domain::{
    Timestamp,
    case::CaseFile,
    ids::{AssetId, CaseId},
    memory::{Channel, ChannelKey, Episode, Signature, SignatureSettings},
    plant::{Asset, Signal},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    quantity::QuantityKind,
    site::Site,
};
use millwright_projections::{
    NotRead, Projections,
    readings::{self, Period},
};
use std::{collections::BTreeSet, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Seconds after the onset that a signature is about. All signatures have one horizon, or they could not be compared.
pub const HORIZON_S: u32 = 600;
/// An alert comes when a mean over minutes has moved: the fault is older than its alert.
const BEFORE_THE_ALERT: TimeDelta = TimeDelta::seconds(120);
/// Healthy running before the onset.
const LEAD_IN: TimeDelta = TimeDelta::minutes(30);
/// Rollups come this long after their readings, at most.
const SETTLED: TimeDelta = TimeDelta::seconds(30);

pub struct Remember {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub projections: Projections,
}

/// A case that is to be remembered, and when (plant time).
struct Due {
    at: Timestamp,
    case: CaseId,
    asset: AssetId,
    onset: Timestamp,
}

impl Remember {
    /// Runs until told to stop. Keeps nothing: what is still to be remembered is in the state.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        // What has no signature (too little was measured, nothing moved) gets none by asking again.
        let mut passed_over: BTreeSet<CaseId> = BTreeSet::new();
        loop {
            let due = earliest(&tail.site, &passed_over);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => { facts?; }
                () = reached(&*self.clock, due.as_ref()) => {
                    let Some(due) = due else { continue };
                    if let Err(why) = self.remember(&tail.site, &due, &stop).await {
                        tracing::debug!(case = %due.case, why, "case {} is not remembered", due.case);
                    }
                    passed_over.insert(due.case);
                    tail.up_to_now().await?;
                }
            }
        }
    }

    async fn remember(&self, site: &Site, due: &Due, stop: &CancellationToken) -> Result<(), String> {
        let plant = site.plant.as_ref().ok_or("the site is not described")?;
        let asset = plant.asset(&due.asset).ok_or("its asset is described no more")?;
        let span = [due.onset - LEAD_IN, due.onset + TimeDelta::seconds(i64::from(HORIZON_S))];
        let episode = episode(&self.projections, &plant.site, asset, due.onset, span).await.map_err(|error| error.to_string())?;
        let settings = SignatureSettings { horizon_s: f64::from(HORIZON_S) };
        let signature = Signature::of(&episode, settings).map_err(|error| error.to_string())?;
        let command = RememberCase { case: due.case, onset: due.onset, horizon_s: HORIZON_S, signature };
        let mut ask = Ask::new(service("svc-memory"), command).with_id(reaction_id(due.case, "remember", 0)).occurred_at(due.at);
        ask.correlation = Some(due.case.0);
        insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
        Ok(())
    }
}

async fn reached(clock: &dyn Clock, due: Option<&Due>) {
    match due {
        Some(due) => clock.plant_reaches(due.at + SETTLED).await,
        None => std::future::pending().await,
    }
}

fn earliest(site: &Site, passed_over: &BTreeSet<CaseId>) -> Option<Due> {
    let files = site.cases.iter().filter_map(|(case, state)| Some((*case, state.file()?)));
    let open = files.filter(|(case, file)| !file.remembered && !passed_over.contains(case));
    open.map(|(case, file)| due(case, file)).min_by_key(|due| (due.at, due.case))
}

fn due(case: CaseId, file: &CaseFile) -> Due {
    let onset = file.opened_at - BEFORE_THE_ALERT;
    Due { at: onset + TimeDelta::seconds(i64::from(HORIZON_S)), case, asset: file.asset.clone(), onset }
}

/// The machine's measured signals in rows of ten seconds.
async fn episode(
    projections: &Projections,
    site: &millwright_domain::ids::SiteId,
    asset: &Asset,
    onset: Timestamp,
    span: [Timestamp; 2],
) -> Result<Episode, NotRead> {
    let step_s = Period::TenSeconds.seconds();
    let first = span[0].floor_to(step_s);
    let rows = usize::try_from(span[1].since(first).num_seconds() / step_s).unwrap_or(0);
    let mut channels = Vec::new();
    for (signal, key) in keyed(asset) {
        let mut values = vec![f64::NAN; rows];
        for point in readings::rollups(&projections.readings(), site, &signal.id, Period::TenSeconds, span, rows).await? {
            let row = usize::try_from(point.at.since(first).num_seconds() / step_s).unwrap_or(usize::MAX);
            if let (Some(value), Some(mean)) = (values.get_mut(row), point.mean) {
                *value = mean;
            }
        }
        channels.push(Channel { key, values });
    }
    // Before the first reading there is nothing healthy to compare with.
    let begin = (0..rows).find(|row| channels.iter().any(|channel| channel.values[*row].is_finite())).unwrap_or(0);
    channels.iter_mut().for_each(|channel| _ = channel.values.drain(..begin));
    let times = (begin..rows).map(|row| (row as i64 * step_s) as f64).collect();
    Ok(Episode { times, channels, onset: onset.since(first).num_seconds() as f64 })
}

/// What vendors share: the kind, and which of its kind it is, in the order of the description.
fn keyed(asset: &Asset) -> Vec<(&Signal, ChannelKey)> {
    let mut seen: std::collections::BTreeMap<QuantityKind, u32> = std::collections::BTreeMap::new();
    let measured = asset.signals.iter().filter(|signal| !crate::monitor::settings::is_told(signal.kind));
    let keyed = measured.map(|signal| {
        let number = seen.entry(signal.kind).or_default();
        *number += 1;
        (signal, ChannelKey::new(signal.kind.as_str(), &number.to_string()))
    });
    keyed.collect()
}
