//! What the watch knows: the monitor's state, how far it has read, and which case each finding belongs to.

use crate::{
    diagnosis::Nominations,
    monitor::{Detector, Leaning, Monitor, MonitorSettings},
    recovery::RecoveryWatch,
};
use millwright_domain::{
    Timestamp,
    alarm::Alarm,
    case::Case,
    ids::{AssetId, CaseId, CauseId},
    plant::Plant,
    position::Position,
    site::Site,
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
    /// How deep each machine's relearning was when it was last looked at.
    #[serde(default)]
    relearned: BTreeMap<AssetId, u32>,
    /// Alarms that tell nobody.
    #[serde(default)]
    shelved: BTreeSet<(AssetId, String)>,
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
            relearned: BTreeMap::new(),
            shelved: BTreeSet::new(),
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
        self.monitor.tolerate(|signal| site.threshold_factor(signal));
        self.take_in_relearning(site);
        self.take_in_shelves(site);
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

    fn take_in_relearning(&mut self, site: &Site) {
        for (asset, relearning) in &site.relearning {
            let known = self.relearned.insert(asset.clone(), relearning.depth).unwrap_or(0);
            if relearning.depth > known {
                self.monitor.relearn(asset);
            }
            (relearning.depth..known).for_each(|_| self.monitor.restore_baseline(asset));
        }
    }

    /// What comes off the shelf, or back to service, is told if it still stands.
    fn take_in_shelves(&mut self, site: &Site) {
        let tells_nobody = |alarm: &Alarm| alarm.out_of_service || alarm.shelved_until.is_some();
        let alarms = site.alarms.iter().flat_map(|(asset, alarms)| alarms.iter().map(move |(detector, alarm)| (asset, detector, alarm)));
        let now: BTreeSet<(AssetId, String)> =
            alarms.filter(|(.., alarm)| tells_nobody(alarm)).map(|(asset, detector, _)| (asset.clone(), detector.clone())).collect();
        for (asset, detector) in self.shelved.difference(&now) {
            if let Some(detector) = Detector::named(detector) {
                self.monitor.remind(asset, detector);
            }
        }
        self.shelved = now;
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
