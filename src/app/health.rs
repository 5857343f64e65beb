//! How each part of the program is, in one place, for `/health` and the page.

use millwright_agents::outbox::Tally;
use millwright_graphql::{PartHealth, Parts};
use millwright_infra::mqtt::MqttBus;
use millwright_ingest::field::Field;
use millwright_projections::Projections;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak, atomic::Ordering},
};

/// Cheap to clone; all clones are one board.
#[derive(Clone, Default)]
pub struct HealthBoard {
    workers: Arc<Mutex<BTreeMap<String, (bool, String)>>>,
    fields: Arc<Mutex<Vec<Weak<Field>>>>,
    outboxes: Arc<Mutex<BTreeMap<String, Weak<Tally>>>>,
    bus: Arc<Mutex<Weak<MqttBus>>>,
}

impl HealthBoard {
    pub fn runs(&self, worker: &str) {
        self.set(worker, true, "runs");
    }
    pub fn failed(&self, worker: &str, reason: &str) {
        self.set(worker, false, reason);
    }
    /// It ended because it was told to: what is not to run is no part that fails.
    pub fn stopped(&self, worker: &str) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).remove(worker);
    }
    /// A plant whose time runs faster than people's says so wherever its health is shown.
    pub fn time_lapse(&self, speed: f64) {
        if speed != 1.0 {
            self.set("time-lapse", true, &format!("plant time runs {speed} times as fast as people's"));
        }
    }
    /// Shown, but not kept alive.
    pub fn field(&self, field: &Arc<Field>) {
        self.fields.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(field));
    }

    /// Shown while it runs here, under this name.
    pub fn outbox(&self, name: String, tally: &Arc<Tally>) {
        self.outboxes.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::downgrade(tally));
    }
    pub fn bus(&self, bus: &Arc<MqttBus>) {
        *self.bus.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(bus);
    }

    pub fn parts(&self) -> Parts {
        let board = self.clone();
        Arc::new(move || board.workers().into_iter().chain(board.devices()).chain(board.stores()).chain(board.messages()).collect())
    }

    /// What does not work, by name, and why; the read models among it.
    pub fn failing(&self, projections: &Projections) -> BTreeMap<String, String> {
        let parts = (self.parts())().into_iter().filter(|part| !part.ok).map(|part| (part.name, part.detail));
        let held_up = projections.trouble().into_iter().map(|why| ("projections".to_string(), why));
        parts.chain(held_up).collect()
    }

    fn set(&self, worker: &str, ok: bool, detail: &str) {
        // Each entry is written whole, so a panic elsewhere leaves nothing half.
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.insert(worker.to_string(), (ok, detail.to_string()));
    }
    pub fn workers(&self) -> Vec<PartHealth> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.iter().map(|(name, (ok, detail))| PartHealth { name: name.clone(), ok: *ok, detail: detail.clone() }).collect()
    }
    /// The fields that are there now, one a site.
    pub fn fields(&self) -> Vec<Arc<Field>> {
        self.fields.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }
    /// What bridges the log's absence, where something waits in it or it fails.
    fn stores(&self) -> Vec<PartHealth> {
        let stores = self.fields().into_iter().filter_map(|field| field.store()).filter(|store| store.error.is_some() || store.scans > 0);
        stores
            .map(|store| {
                let waiting = format!("{} scans wait for the log, {} of {} MB", store.scans, store.bytes >> 20, store.max_bytes >> 20);
                let detail = store.error.as_ref().map_or_else(|| waiting.clone(), |error| format!("{waiting}; {error}"));
                PartHealth { name: format!("store and forward {}", store.dir.display()), ok: store.error.is_none(), detail }
            })
            .collect()
    }
    /// What waits to leave the house, and what was given up. The latter is for a person to know of, and keeps nothing from running.
    fn messages(&self) -> Vec<PartHealth> {
        let bus = self.bus.lock().unwrap_or_else(PoisonError::into_inner).upgrade().map(|bus| {
            let trouble = bus.trouble();
            let detail = trouble.as_ref().map_or_else(|| "connected".into(), |trouble| format!("{trouble}; what is to be told waits"));
            PartHealth { name: format!("mqtt {}", bus.address()), ok: trouble.is_none(), detail }
        });
        let outboxes = self.outboxes.lock().unwrap_or_else(PoisonError::into_inner);
        let tallies = outboxes.iter().filter_map(|(name, tally)| Some((name, tally.upgrade()?)));
        let shown = tallies.flat_map(|(name, tally)| {
            let (waiting, given_up) = (tally.waiting.load(Ordering::Relaxed), tally.given_up.load(Ordering::Relaxed));
            let detail = format!("{waiting} wait, {given_up} wait for a person; the outbox says which and why");
            let counted = (waiting + given_up > 0).then(|| PartHealth { name: name.clone(), ok: true, detail });
            let left_alone = tally.troubles().into_iter().map(move |(what, why)| PartHealth {
                name: format!("{name} by {what}"),
                ok: false,
                detail: format!("what is for it waits; it {why}"),
            });
            counted.into_iter().chain(left_alone)
        });
        bus.into_iter().chain(shown).collect()
    }
    fn devices(&self) -> Vec<PartHealth> {
        let snapshots = self.fields().into_iter().flat_map(|field| field.snapshots());
        snapshots
            .map(|device| {
                let errors: Vec<&str> = device.units.iter().filter_map(|unit| unit.last_error.as_deref()).collect();
                let states: Vec<&str> = device.units.iter().map(|unit| unit.state).collect();
                let ok = device.is_connected();
                let mut detail = format!("{} at {}: {} scans, {} dropped", states.join(", "), device.address, device.scans, device.dropped);
                if !ok && let Some(error) = errors.first() {
                    detail = format!("{detail}; last error: {error}");
                }
                for unit in &device.units {
                    if let Some(since) = unit.silent_since {
                        detail = format!("{detail}; unit {} silent since {since}, {} failed checks", unit.unit, unit.failed_checks);
                    }
                }
                if device.restarts > 0 {
                    detail = format!("{detail}; collector started anew {} times", device.restarts);
                }
                PartHealth { name: format!("device {}", device.device), ok, detail }
            })
            .collect()
    }
}
