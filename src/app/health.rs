//! How each part of the program is, in one place, for `/health` and the page.

use millwright_graphql::{PartHealth, Parts};
use millwright_ingest::field::Field;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

/// Cheap to clone; all clones are one board.
#[derive(Clone, Default)]
pub struct HealthBoard {
    workers: Arc<Mutex<BTreeMap<&'static str, (bool, String)>>>,
    field: Arc<OnceLock<Weak<Field>>>,
}

impl HealthBoard {
    pub fn runs(&self, worker: &'static str) {
        self.set(worker, true, "runs");
    }
    pub fn failed(&self, worker: &'static str, reason: &str) {
        self.set(worker, false, reason);
    }
    pub fn stopped(&self, worker: &'static str) {
        self.set(worker, false, "stopped");
    }
    /// A plant whose time runs faster than people's says so wherever its health is shown.
    pub fn time_lapse(&self, speed: f64) {
        if speed != 1.0 {
            self.set("time-lapse", true, &format!("plant time runs {speed} times as fast as people's"));
        }
    }
    /// Shown, but not kept alive.
    pub fn field(&self, field: &Arc<Field>) {
        self.field.get_or_init(|| Arc::downgrade(field));
    }

    pub fn parts(&self) -> Parts {
        let board = self.clone();
        Arc::new(move || board.workers().into_iter().chain(board.devices()).collect())
    }

    fn set(&self, worker: &'static str, ok: bool, detail: &str) {
        // Each entry is written whole, so a panic elsewhere leaves nothing half.
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.insert(worker, (ok, detail.to_string()));
    }
    fn workers(&self) -> Vec<PartHealth> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.iter().map(|(name, (ok, detail))| PartHealth { name: (*name).into(), ok: *ok, detail: detail.clone() }).collect()
    }
    fn devices(&self) -> Vec<PartHealth> {
        let field = self.field.get().and_then(Weak::upgrade);
        let snapshots = field.map(|field| field.snapshots()).unwrap_or_default();
        snapshots
            .into_iter()
            .map(|device| {
                let errors: Vec<&str> = device.units.iter().filter_map(|unit| unit.last_error.as_deref()).collect();
                let states: Vec<&str> = device.units.iter().map(|unit| unit.state).collect();
                let ok = !device.units.is_empty() && device.units.iter().all(|unit| unit.state == "connected");
                let mut detail = format!("{} at {}: {} scans, {} dropped", states.join(", "), device.address, device.scans, device.dropped);
                if !ok && let Some(error) = errors.first() {
                    detail = format!("{detail}; last error: {error}");
                }
                PartHealth { name: format!("device {}", device.device), ok, detail }
            })
            .collect()
    }
}
