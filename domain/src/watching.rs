//! What people and outcomes change in how machines are watched, in order: applied by a watch when its readings have come to that time, so that
//! whoever reads them again finds the same.

use crate::{
    Event,
    ids::{AssetId, SignalId},
};

/// One change, at a plant time.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchChange {
    Relearn(AssetId),
    Restore(AssetId),
    /// The signal's limits are so many times the configured ones.
    Tolerate(SignalId, f64),
    /// Somebody listens again: to one detector of the asset, or to all.
    Listen(AssetId, Option<String>),
}

impl WatchChange {
    pub fn of(event: &Event) -> Option<Self> {
        Some(match event {
            Event::RelearningApproved(fact) => Self::Relearn(fact.asset.clone()),
            Event::BaselineRestored(fact) => Self::Restore(fact.asset.clone()),
            Event::ThresholdAdjusted(fact) => Self::Tolerate(fact.signal.clone(), fact.factor),
            Event::AlarmUnshelved(fact) => Self::Listen(fact.asset.clone(), Some(fact.detector.clone())),
            Event::AlarmReturnedToService(fact) => Self::Listen(fact.asset.clone(), Some(fact.detector.clone())),
            Event::AssetReturnedToService(fact) => Self::Listen(fact.asset.clone(), None),
            _ => return None,
        })
    }
}
