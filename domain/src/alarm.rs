//! Alarms as operators know them (ISA-18.2): one for each detector on each machine, with acknowledgement, shelving and removal from service.
//!
//! ```text
//! normal ──raised──▶ unacknowledged ──acknowledged──▶ acknowledged ──cleared──▶ normal
//!                        └──cleared──▶ returned, unacknowledged ──acknowledged──▶ normal      (latched until somebody has seen it)
//! ```
//! Shelved, out of service and suppressed by design lie over these: the alarm is recorded and tells nobody.

use crate::{
    Timestamp,
    case::Severity,
    evidence::Evidence,
    ids::{ActorId, AssetId},
    sealed::Sealed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The detector sees nothing of it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlarmCleared {
    pub asset: AssetId,
    pub detector: String,
}

/// A person has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlarmAcknowledged {
    pub asset: AssetId,
    pub detector: String,
    pub by: ActorId,
}

/// It tells nobody until then: for a nuisance that is being looked after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlarmShelved {
    pub asset: AssetId,
    pub detector: String,
    /// Wall time.
    pub until: Timestamp,
    pub by: ActorId,
    pub reason: Sealed,
}

/// Its time on the shelf is over, or somebody took it off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlarmUnshelved {
    pub asset: AssetId,
    pub detector: String,
    pub by: ActorId,
}

/// It tells nobody until a person returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlarmTakenOutOfService {
    pub asset: AssetId,
    pub detector: String,
    pub by: ActorId,
    pub reason: Sealed,
}

/// It tells again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlarmReturnedToService {
    pub asset: AssetId,
    pub detector: String,
    pub by: ActorId,
}

/// The monitor saw something, and nobody was told: no case was opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertSuppressed {
    pub asset: AssetId,
    pub detector: String,
    pub severity: Severity,
    pub evidence: Vec<Evidence>,
    pub why: Suppression,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    Shelved,
    OutOfService,
    /// Somebody works on the machine.
    ByDesign,
}

/// The state folded from one alarm's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Alarm {
    pub active: bool,
    pub acknowledged: bool,
    pub severity: Option<Severity>,
    /// Plant time of the latest raising.
    pub raised_at: Option<Timestamp>,
    /// Wall time.
    pub shelved_until: Option<Timestamp>,
    pub out_of_service: bool,
}

/// ISA-18.2-2016, figure 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    Normal,
    Unacknowledged,
    Acknowledged,
    ReturnedUnacknowledged,
    Shelved,
    SuppressedByDesign,
    OutOfService,
}

/// The facts of an alarm, for the fold.
#[derive(Debug, Clone, Copy)]
pub enum AlarmFact<'a> {
    Raised(Severity),
    Suppressed(&'a AlertSuppressed),
    Cleared,
    Acknowledged,
    Shelved(&'a AlarmShelved),
    Unshelved,
    TakenOutOfService,
    ReturnedToService,
}

impl Alarm {
    /// `at` is plant time.
    pub fn evolve(&mut self, fact: AlarmFact<'_>, at: Timestamp) {
        match fact {
            AlarmFact::Raised(severity) => self.raise(severity, at),
            AlarmFact::Suppressed(suppressed) => self.raise(suppressed.severity, at),
            AlarmFact::Cleared => self.active = false,
            AlarmFact::Acknowledged => self.acknowledged = true,
            AlarmFact::Shelved(shelved) => self.shelved_until = Some(shelved.until),
            AlarmFact::Unshelved => self.shelved_until = None,
            AlarmFact::TakenOutOfService => self.out_of_service = true,
            AlarmFact::ReturnedToService => self.out_of_service = false,
        }
    }

    fn raise(&mut self, severity: Severity, at: Timestamp) {
        self.active = true;
        self.acknowledged = false;
        self.severity = Some(severity);
        self.raised_at = Some(at);
    }

    /// `now` is wall time; `by_design` says whether somebody works on the machine.
    pub fn state(&self, now: Timestamp, by_design: bool) -> AlarmState {
        match self.suppression(now, by_design) {
            Some(Suppression::OutOfService) => AlarmState::OutOfService,
            Some(Suppression::Shelved) => AlarmState::Shelved,
            Some(Suppression::ByDesign) => AlarmState::SuppressedByDesign,
            None if self.active && self.acknowledged => AlarmState::Acknowledged,
            None if self.active => AlarmState::Unacknowledged,
            None if self.raised_at.is_some() && !self.acknowledged => AlarmState::ReturnedUnacknowledged,
            None => AlarmState::Normal,
        }
    }

    /// Why it tells nobody, if it does not.
    pub fn suppression(&self, now: Timestamp, by_design: bool) -> Option<Suppression> {
        if self.out_of_service {
            Some(Suppression::OutOfService)
        } else if self.shelved_until.is_some_and(|until| now < until) {
            Some(Suppression::Shelved)
        } else {
            by_design.then_some(Suppression::ByDesign)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }
    fn raised() -> Alarm {
        let mut alarm = Alarm::default();
        alarm.evolve(AlarmFact::Raised(Severity::High), at(1));
        alarm
    }
    fn shelved(until: i64) -> AlarmShelved {
        let reason = Sealed { subject: "ann".parse().unwrap(), nonce: String::new(), text: String::new() };
        AlarmShelved { asset: "pump-1".parse().unwrap(), detector: "drift".into(), until: at(until), by: "ann".parse().unwrap(), reason }
    }

    #[test]
    fn an_alarm_that_nobody_saw_stays_latched_until_somebody_did() {
        let mut alarm = raised();
        assert_eq!(alarm.state(at(2), false), AlarmState::Unacknowledged);
        alarm.evolve(AlarmFact::Cleared, at(3));
        assert_eq!(alarm.state(at(4), false), AlarmState::ReturnedUnacknowledged);
        alarm.evolve(AlarmFact::Acknowledged, at(5));
        assert_eq!(alarm.state(at(6), false), AlarmState::Normal);
    }

    #[test]
    fn an_acknowledged_alarm_that_rises_again_asks_to_be_seen_again() {
        let mut alarm = raised();
        alarm.evolve(AlarmFact::Acknowledged, at(2));
        assert_eq!(alarm.state(at(3), false), AlarmState::Acknowledged);
        alarm.evolve(AlarmFact::Raised(Severity::Critical), at(4));
        assert_eq!(alarm.state(at(5), false), AlarmState::Unacknowledged);
    }

    #[test]
    fn a_shelf_has_an_end_and_what_rose_on_it_is_there_then() {
        let mut alarm = Alarm::default();
        alarm.evolve(AlarmFact::Shelved(&shelved(100)), at(1));
        alarm.evolve(AlarmFact::Raised(Severity::Low), at(50));
        assert_eq!(alarm.state(at(99), false), AlarmState::Shelved);
        assert_eq!(alarm.state(at(100), false), AlarmState::Unacknowledged);
    }

    #[test]
    fn out_of_service_is_above_the_shelf_and_the_shelf_above_design() {
        let mut alarm = raised();
        assert_eq!(alarm.state(at(2), true), AlarmState::SuppressedByDesign);
        alarm.evolve(AlarmFact::Shelved(&shelved(100)), at(2));
        assert_eq!(alarm.state(at(3), true), AlarmState::Shelved);
        alarm.evolve(AlarmFact::TakenOutOfService, at(4));
        assert_eq!(alarm.state(at(5), true), AlarmState::OutOfService);
    }
}
