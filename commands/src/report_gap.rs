//! ReportGap: a collector says when it had no answer, so that a hole in the record is itself on record.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    Event, Timestamp,
    collecting::{CollectionResumed, DeviceAnswered, DeviceFellSilent},
    envelope::StreamId,
    ids::DeviceId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportGap {
    pub gap: Gap,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// It lasts.
    FellSilent(DeviceFellSilent),
    /// It is over.
    Answered(DeviceAnswered),
    /// Between two assignments.
    Resumed(CollectionResumed),
}

impl Gap {
    pub const fn device(&self) -> &DeviceId {
        match self {
            Self::FellSilent(fact) => &fact.device,
            Self::Answered(fact) => &fact.device,
            Self::Resumed(fact) => &fact.device,
        }
    }
    const fn span(&self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::FellSilent(_) => None,
            Self::Answered(fact) => Some((fact.since, fact.until)),
            Self::Resumed(fact) => Some((fact.since, fact.until)),
        }
    }
}

impl ReportGap {
    pub(crate) fn decide(&self, _: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if self.gap.span().is_some_and(|(since, until)| until < since) {
            return Err(senseless("backward_gap", "a gap does not end before it began; report the earlier time as `since`"));
        }
        if let Gap::Resumed(fact) = &self.gap
            && fact.epoch <= fact.former_epoch
        {
            return Err(senseless("same_assignment", "collecting is resumed under a higher epoch than the former one"));
        }
        let fact: Event = match self.gap.clone() {
            Gap::FellSilent(fact) => fact.into(),
            Gap::Answered(fact) => fact.into(),
            Gap::Resumed(fact) => fact.into(),
        };
        Ok(Decision::one(StreamId::device(self.gap.device()), fact))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn a_gap_is_on_record_when_it_lasts_and_when_it_is_over() {
        let scene = scene().given_plant();
        let scene = scene.when(plant::fell_silent(10)).happens().then_facts(["DeviceFellSilent"]);
        scene.when(plant::answered(10, 70)).happens().then_facts(["DeviceAnswered"]);
    }

    #[test]
    fn a_gap_that_ends_before_it_began_is_refused() {
        scene().given_plant().when(plant::answered(70, 10)).is_refused("backward_gap");
    }

    #[test]
    fn collecting_is_resumed_only_under_a_higher_epoch() {
        let scene = scene().given_plant().when(plant::resumed(4, 5)).happens().then_facts(["CollectionResumed"]);
        scene.when(plant::resumed(5, 5)).is_refused("same_assignment");
    }
}
