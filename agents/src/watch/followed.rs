//! What the watch knows: the monitor's state, how far it has read, and which case each finding belongs to.

use crate::{
    diagnosis::Nominations,
    monitor::{Detector, Finding, Leaning, Monitor, MonitorSettings},
    recovery::RecoveryWatch,
};
use millwright_domain::{
    Timestamp,
    case::Case,
    ids::{AssetId, CaseId, CauseId},
    plant::Plant,
    position::Position,
    site::Site,
    watching::WatchChange,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Followed {
    pub position: Position,
    pub monitor: Monitor,
    pub plant: Plant,
    pub assets: BTreeMap<AssetId, FollowedAsset>,
    pub recovery: BTreeMap<CaseId, RecoveryWatch>,
    /// Machines that somebody works on.
    locked_out: BTreeSet<AssetId>,
    /// How many of the site's changes to watching are applied.
    #[serde(default)]
    applied: usize,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct FollowedAsset {
    /// The case that its latest alert opened or joined.
    pub case: Option<CaseId>,
    /// What kind of change it seems to be.
    #[serde(default)]
    pub leaning: Leaning,
    pub nominations: Nominations,
    /// The case of each cause that was named.
    pub named: BTreeMap<CauseId, CaseId>,
    /// When recovery is looked at next.
    pub next_look: Timestamp,
}

impl Followed {
    pub fn new(plant: &Plant, settings: MonitorSettings) -> Self {
        let monitor = Monitor::new(plant, settings);
        Self {
            position: Position::default(),
            monitor,
            plant: plant.clone(),
            assets: BTreeMap::new(),
            recovery: BTreeMap::new(),
            locked_out: BTreeSet::new(),
            applied: 0,
        }
    }

    /// A snapshot's state, on the plant as it is now.
    pub fn adopting(mut self, plant: &Plant) -> Self {
        self.monitor.adopt(plant);
        self.plant = plant.clone();
        self
    }

    /// What the site's facts say of it: a plant described anew, machines that are worked on, cases that are over.
    pub fn take_in(&mut self, site: &Site) {
        if let Some(plant) = site.plant.as_ref().filter(|plant| **plant != self.plant) {
            self.monitor.adopt(plant);
            self.plant = plant.clone();
        }
        let locked_out: BTreeSet<AssetId> = site.locked_out.keys().cloned().collect();
        for asset in self.locked_out.symmetric_difference(&locked_out) {
            self.monitor.suspend(asset, locked_out.contains(asset));
        }
        self.locked_out = locked_out;
        let is_over = |case: &CaseId| matches!(site.case(*case), Case::Closed(..));
        for asset in self.assets.values_mut() {
            if asset.case.is_some_and(|case| is_over(&case)) {
                (asset.case, asset.leaning) = (None, Leaning::default());
            }
            let over: Vec<CauseId> = asset.named.iter().filter(|(_, case)| is_over(case)).map(|(cause, _)| cause.clone()).collect();
            over.iter().for_each(|cause| asset.forget(cause));
        }
        self.recovery.retain(|case, _| !is_over(case));
    }

    /// What people and outcomes have changed in how machines are watched, up to a plant time: by the readings' own time, so that whoever reads
    /// them again after a crash finds the same.
    pub fn apply(&mut self, site: &Site, until: Timestamp, out: &mut Vec<Finding>) {
        while let Some((at, change)) = site.watch_changes.get(self.applied).filter(|(at, _)| *at <= until) {
            self.applied += 1;
            match change {
                WatchChange::Relearn(asset) => self.monitor.relearn(asset, *at, out),
                WatchChange::Restore(asset) => self.monitor.restore_baseline(asset, *at, out),
                WatchChange::Tolerate(signal, factor) => self.monitor.tolerate(signal, *factor),
                WatchChange::Listen(asset, None) => self.monitor.remind(asset, &Detector::ALL),
                // What is past its trip is told again: a closed case is no reason to be silent about it.
                WatchChange::CaseClosed(asset) => self.monitor.remind(asset, &[Detector::Trip]),
                WatchChange::Listen(asset, Some(name)) => self.monitor.remind(asset, Detector::named(name).as_slice()),
            }
        }
    }

    pub fn asset(&mut self, asset: &AssetId) -> &mut FollowedAsset {
        self.assets.entry(asset.clone()).or_default()
    }
}

impl FollowedAsset {
    /// If that cause is seen again, it is news.
    pub fn forget(&mut self, cause: &CauseId) {
        self.named.remove(cause);
        self.nominations.forget(cause);
    }
}
