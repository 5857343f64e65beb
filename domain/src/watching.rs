//! What people and outcomes change in how machines are watched, in order: applied by a watch when its readings have come to that time, so that
//! whoever reads them again finds the same.

use crate::{
    Event,
    case::Outcome,
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
    /// A case of the asset is over, by the word of somebody who does not call it a false alarm.
    CaseClosed(AssetId),
}

impl WatchChange {
    /// `about` is the asset of the open case that the fact belongs to.
    pub fn of(event: &Event, about: Option<&AssetId>) -> Option<Self> {
        Some(match event {
            Event::RelearningApproved(fact) => Self::Relearn(fact.asset.clone()),
            Event::BaselineRestored(fact) => Self::Restore(fact.asset.clone()),
            Event::ThresholdAdjusted(fact) => Self::Tolerate(fact.signal.clone(), fact.factor),
            Event::AlarmUnshelved(fact) => Self::Listen(fact.asset.clone(), Some(fact.detector.clone())),
            Event::AlarmReturnedToService(fact) => Self::Listen(fact.asset.clone(), Some(fact.detector.clone())),
            Event::AssetReturnedToService(fact) => Self::Listen(fact.asset.clone(), None),
            Event::OutcomeRecorded(fact) if fact.closes && fact.outcome != Outcome::FalseAlarm => Self::CaseClosed(about?.clone()),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::OutcomeRecorded;

    #[test]
    fn whoever_closes_a_case_and_calls_it_no_false_alarm_has_what_still_stands_told_again() {
        let pump: AssetId = "pump".parse().unwrap();
        let of = |outcome, closes, about| {
            let fact =
                OutcomeRecorded { outcome, closes, by: "ann".parse().unwrap(), credited: None, true_cause: None, note: None, evidence: vec![] };
            WatchChange::of(&fact.into(), about)
        };
        assert_eq!(of(Outcome::Mitigated, true, Some(&pump)), Some(WatchChange::CaseClosed(pump.clone())));
        assert_eq!(of(Outcome::FalseAlarm, true, Some(&pump)), None);
        assert_eq!(of(Outcome::Mitigated, false, Some(&pump)), None);
        assert_eq!(of(Outcome::Repaired, true, None), None);
    }
}
