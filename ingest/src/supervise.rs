//! Sees to it that every held device is collected from: work that ended is begun anew, units that fail their checks are reported.
//!
//! A device's work is begun anew under the same epoch, never beside the old: only after all of its former tasks have ended and its lease is
//! over. So scans go on in their numbers, and nothing that the former work had begun can still write.

use crate::{
    collect::{
        backoff::Backoff,
        checkup::{EVERY, PATIENCE, Verdict, is_restart_due},
    },
    field::{Field, Slot},
    held::Held,
    news::Item,
    point::Point,
};
use chrono::TimeDelta;
use millwright_commands::RaiseAlert;
use millwright_domain::{
    Timestamp,
    case::{AlertRaised, Severity},
    evidence::{Evidence, Feature},
    ids::{AssetId, CommandId, DeviceId, derived},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Work that ended is begun anew after these, and at once again if it ran for so long.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(60);
const RAN_WELL: Duration = Duration::from_secs(600);
/// Work that does not end by then is not begun anew beside itself.
const TO_END: Duration = Duration::from_secs(5);
/// Signals that an alert names, at most.
const NAMED: usize = 4;

/// How a device's work is begun anew.
#[derive(Debug)]
pub(crate) struct Restarts {
    backoff: Backoff,
    begun: Option<Instant>,
    /// Why it has to be.
    due: Option<String>,
    count: u64,
}

impl Restarts {
    pub(crate) fn of(device: &DeviceId, seed: u64) -> Self {
        let seed = device.as_str().bytes().fold(seed, |mixed, byte| mixed.rotate_left(8) ^ u64::from(byte));
        Self { backoff: Backoff::between(FIRST, LONGEST, seed), begun: None, due: None, count: 0 }
    }
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }
    /// It was given back, lost or taken anew.
    pub(crate) fn forget(&mut self) {
        self.due = None;
    }
    fn is_due(&mut self, why: String, now: Instant) {
        if self.due.is_some() {
            return;
        }
        if self.begun.is_none_or(|begun| now.saturating_duration_since(begun) > RAN_WELL) {
            self.backoff.connected();
        }
        self.due = Some(why);
    }
    fn begins(&mut self, now: Instant) {
        self.due = None;
        self.begun = Some(now);
        self.count += 1;
        self.backoff.failed(now);
    }
}

impl Field {
    /// Runs until told to stop.
    pub async fn supervise(&self, stop: CancellationToken) {
        let clock = &self.manner.clocks.clock;
        let mut next_check = clock.now().plant + EVERY;
        loop {
            let wait = self.next_restart(Instant::now());
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.manner.ended.notified() => self.notice_what_ended(),
                () = clock.plant_reaches(next_check) => {
                    self.check();
                    // Checks that were slept through are not made up for.
                    next_check = (next_check + EVERY).max(clock.now().plant);
                }
                () = sleep(wait) => {}
            }
            for device in self.due(Instant::now()) {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = self.begin_anew(&device) => {}
                }
            }
        }
    }

    fn notice_what_ended(&self) {
        for slot in self.slots().values_mut() {
            let Some(why) = slot.held.as_mut().and_then(|(_, work)| work.ended()) else { continue };
            let device = &slot.device.id;
            tracing::error!(%device, why, "the collector of {device} has ended and is started anew: {why}");
            slot.restarts.is_due(why, Instant::now());
        }
    }

    /// How long until the next one may begin.
    fn next_restart(&self, now: Instant) -> Option<Duration> {
        let slots = self.slots();
        slots.values().filter(|slot| slot.restarts.due.is_some()).map(|slot| slot.restarts.backoff.remaining(now)).min()
    }
    fn due(&self, now: Instant) -> Vec<DeviceId> {
        let slots = self.slots();
        let due = slots.values().filter(|slot| slot.held.is_some() && slot.restarts.due.is_some() && slot.restarts.backoff.admits(now));
        due.map(|slot| slot.device.id.clone()).collect()
    }

    async fn begin_anew(&self, device: &DeviceId) {
        let turn = self.turn.lock().await;
        let held = self.slots().get_mut(device).filter(|slot| slot.restarts.due.is_some()).and_then(|slot| slot.held.take());
        let Some((held, mut work)) = held.filter(|_| !turn.has_stopped()) else { return };
        let (outlet, tally) = held.kept();
        held.lease.end();
        let has_ended = work.ends_within(TO_END).await;
        let mut slots = self.slots();
        let Some(slot) = slots.get_mut(device) else { return };
        slot.restarts.begins(Instant::now());
        if slot.lost >= Some(outlet.epoch()) {
            return;
        }
        if !has_ended {
            tracing::error!(%device, "the collector of {device} does not end and cannot be started anew beside itself; start the program again");
            slot.restarts.due = Some("it does not end; start the program again".into());
            slot.held = Some((held, work));
            return;
        }
        slot.held = Some(Held::start(slot.device.clone(), outlet, tally, &self.manner));
    }

    /// The health check of every unit that is held here.
    fn check(&self) {
        let now = self.manner.clocks.clock.now().plant;
        for slot in self.slots().values_mut() {
            let Some((held, _)) = &slot.held else { continue };
            let verdicts = held.check(slot.restarts.due.as_deref());
            for (unit, verdict) in verdicts.iter().filter(|(_, verdict)| verdict.failures == PATIENCE) {
                self.raise(slot, held.lease.epoch(), *unit, verdict, now);
            }
            let least = verdicts.iter().map(|(_, verdict)| verdict.failures).min().unwrap_or(0);
            if is_restart_due(least) {
                let device = &slot.device.id;
                let why = verdicts.iter().find_map(|(_, verdict)| verdict.why.clone()).unwrap_or_default();
                tracing::warn!(%device, why, "the collector of {device} has failed {least} checks in a row and is started anew: {why}");
                slot.restarts.is_due(why, Instant::now());
            }
        }
    }

    /// An alert for each machine that the unit measures. It joins the case that the monitor's own silence may have opened already.
    fn raise(&self, slot: &Slot, epoch: u64, unit: u16, verdict: &Verdict, now: Timestamp) {
        let device = &slot.device.id;
        let why = verdict.why.as_deref().unwrap_or_default();
        tracing::warn!(%device, unit, why, "device {device}, unit {unit} has failed {} checks in a row: {why}", verdict.failures);
        let mut of_asset: BTreeMap<AssetId, Vec<Evidence>> = BTreeMap::new();
        for point in slot.device.points.iter().filter(|point| point.unit == unit) {
            let last = slot.held.as_ref().and_then(|(held, _)| held.last_good(point)).unwrap_or_default();
            let Some((asset, evidence)) = self.evidence(point, last, now) else { continue };
            of_asset.entry(asset).or_default().push(evidence);
        }
        for (asset, mut evidence) in of_asset {
            evidence.truncate(NAMED);
            let id = CommandId(derived(&format!("{device}/{epoch}/{unit}/{asset}/{}", now.micros()), "collector-alert", 0));
            let alert = AlertRaised { evidence, ..AlertRaised::new(asset, "collector", Severity::Medium) };
            self.manner.news.tell(device.clone(), Item { id, command: RaiseAlert { alert }.into(), occurred_at: now });
        }
    }

    fn evidence(&self, point: &Point, last: f64, at: Timestamp) -> Option<(AssetId, Evidence)> {
        let (asset, signal) = self.plant.signal(&point.signal)?;
        let silent = EVERY * i32::try_from(PATIENCE).unwrap_or(1);
        let evidence = Evidence {
            signal: point.signal.clone(),
            kind: signal.kind,
            feature: Feature::Stuck,
            magnitude: seconds(silent),
            current: last,
            expected: last,
            window_s: u32::try_from(silent.num_seconds()).unwrap_or_default(),
            at,
        };
        Some((asset.id.clone(), evidence))
    }
}

fn seconds(span: TimeDelta) -> f64 {
    span.num_milliseconds() as f64 / 1_000.0
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
