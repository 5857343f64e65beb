//! When a case has shown itself for a while, remember what it looked like: its readings become a signature, and the signature a fact.

use crate::{
    fact_tail::TailError,
    insist::{insist, reaction_id, service},
    site_tail::SiteTail,
};
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, RememberCase};
use millwright_domain::{
    Timestamp,
    case::CaseFile,
    envelope::Answer,
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
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Seconds after the onset that a signature is about. All signatures have one horizon, or they could not be compared.
pub const HORIZON_S: u32 = 600;
/// An alert comes when a mean over minutes has moved: the fault is older than its alert.
const BEFORE_THE_ALERT: TimeDelta = TimeDelta::seconds(120);
/// Healthy running before the onset.
const LEAD_IN: TimeDelta = TimeDelta::minutes(30);
/// Rollups come this long after their readings, at most.
const SETTLED: TimeDelta = TimeDelta::seconds(30);
/// Readings that wait in a store, or tables that catch up, are waited for so long, looking again each time that …
const WAIT_AT_MOST: TimeDelta = TimeDelta::hours(2);
/// … has passed.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);
/// Older cases than this are not looked for at a start.
const OLDEST: TimeDelta = TimeDelta::days(1);
/// Share of the rows after the onset that a signal must have been measured in, to be part of what the case looked like.
const MEASURED: f64 = 0.5;

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
    span_ends: Timestamp,
}

/// Why a case is not remembered now.
enum NotYet {
    /// It may be later.
    Later(String),
    /// It never will.
    Never(String),
}

impl Remember {
    /// Runs until told to stop. Keeps nothing: what is still to be remembered is in the state.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        let since = self.clock.now().plant - OLDEST;
        // When each case is tried (plant time); `None` for those that are done with.
        let mut tries: BTreeMap<CaseId, Option<Timestamp>> = BTreeMap::new();
        loop {
            let due = earliest(&tail.site, since, &tries);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => { facts?; }
                () = reached(&*self.clock, due.as_ref()) => {
                    let Some(due) = due else { continue };
                    let next = match self.remember(&tail.site, &due, &stop).await {
                        Ok(()) => None,
                        Err(NotYet::Later(_)) if self.clock.now().plant < due.span_ends + WAIT_AT_MOST => Some(due.at + AGAIN_AFTER),
                        Err(NotYet::Later(why) | NotYet::Never(why)) => {
                            tracing::info!(case = %due.case, why, "case {} is not remembered", due.case);
                            None
                        }
                    };
                    tries.insert(due.case, next);
                    tail.up_to_now().await?;
                }
            }
        }
    }

    async fn remember(&self, site: &Site, due: &Due, stop: &CancellationToken) -> Result<(), NotYet> {
        let never = |why: &str| NotYet::Never(why.into());
        let plant = site.plant.as_ref().ok_or_else(|| never("the site is not described"))?;
        let asset = plant.asset(&due.asset).ok_or_else(|| never("its asset is described no more"))?;
        let live = self.projections.live();
        let newest = asset.signals.iter().filter_map(|signal| live.newest(&plant.site, &signal.id)).map(|row| row.at).max();
        if newest.is_none_or(|newest| newest < due.span_ends) {
            return Err(NotYet::Later("its readings have not come that far".into()));
        }
        let span = [due.onset - LEAD_IN, due.span_ends];
        let episode = episode(&self.projections, &plant.site, asset, due.onset, span).await.map_err(|error| NotYet::Later(error.to_string()))?;
        let settings = SignatureSettings { horizon_s: f64::from(HORIZON_S) };
        let signature = Signature::of(&episode, settings).map_err(|error| NotYet::Never(error.to_string()))?;
        let command = RememberCase { case: due.case, onset: due.onset, horizon_s: HORIZON_S, signature };
        let mut ask = Ask::new(service("svc-memory"), command).with_id(reaction_id(due.case, "remember", 0)).occurred_at(due.span_ends);
        ask.correlation = Some(due.case.0);
        match insist(&self.commands, &*self.clock, &self.partition, ask, stop).await.map(|answered| answered.answer) {
            Some(Answer::Refused { reason, .. }) => Err(NotYet::Never(reason)),
            Some(Answer::Done { .. } | Answer::AlreadySo) | None => Ok(()),
        }
    }
}

async fn reached(clock: &dyn Clock, due: Option<&Due>) {
    match due {
        Some(due) => clock.plant_reaches(due.at).await,
        None => std::future::pending().await,
    }
}

fn earliest(site: &Site, since: Timestamp, tries: &BTreeMap<CaseId, Option<Timestamp>>) -> Option<Due> {
    let files = site.cases.iter().filter_map(|(case, state)| Some((*case, state.file()?)));
    let open = files.filter(|(_, file)| !file.remembered && file.opened_at >= since);
    let due = open.filter_map(|(case, file)| match tries.get(&case) {
        Some(None) => None,
        Some(Some(at)) => Some(Due { at: *at, ..due(case, file) }),
        None => Some(due(case, file)),
    });
    due.min_by_key(|due| (due.at, due.case))
}

fn due(case: CaseId, file: &CaseFile) -> Due {
    let onset = file.opened_at - BEFORE_THE_ALERT;
    let span_ends = onset + TimeDelta::seconds(i64::from(HORIZON_S));
    Due { at: span_ends + SETTLED, case, asset: file.asset.clone(), onset, span_ends }
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
    let onset_row = usize::try_from(onset.since(first).num_seconds() / step_s).unwrap_or(0);
    let mut channels = Vec::new();
    for (signal, key) in keyed(asset) {
        let mut values = vec![f64::NAN; rows];
        for point in readings::rollups(&projections.readings(), site, &signal.id, Period::TenSeconds, span, rows).await? {
            let row = usize::try_from(point.at.since(first).num_seconds() / step_s).unwrap_or(usize::MAX);
            if let (Some(value), Some(mean)) = (values.get_mut(row), point.mean) {
                *value = mean;
            }
        }
        let after = values.get(onset_row..).unwrap_or_default();
        // A silence is no stillness: a signal that was hardly measured says nothing of the fault.
        if after.iter().filter(|value| value.is_finite()).count() as f64 >= MEASURED * after.len() as f64 {
            channels.push(Channel { key, values });
        }
    }
    // Before the first reading there is nothing healthy to compare with.
    let begin = (0..rows).find(|row| channels.iter().any(|channel| channel.values[*row].is_finite())).unwrap_or(0);
    channels.iter_mut().for_each(|channel| _ = channel.values.drain(..begin));
    let times = (begin..rows).map(|row| (row as i64 * step_s) as f64).collect();
    Ok(Episode { times, channels, onset: onset.since(first).num_seconds() as f64 })
}

/// What vendors share: the kind, and which of its kind it is, in the order of the description.
fn keyed(asset: &Asset) -> Vec<(&Signal, ChannelKey)> {
    let mut seen: BTreeMap<QuantityKind, u32> = BTreeMap::new();
    let measured = asset.signals.iter().filter(|signal| !crate::monitor::settings::is_told(signal.kind));
    let keyed = measured.map(|signal| {
        let number = seen.entry(signal.kind).or_default();
        *number += 1;
        (signal, ChannelKey::new(signal.kind.as_str(), &number.to_string()))
    });
    keyed.collect()
}
