//! What must hold at every step, whatever goes wrong. Each is an observer of the trace that knows nothing of the code it judges.

mod acknowledged;
mod allowed;
mod budget;
mod once;
mod projections;
mod replay;
mod settles;

use crate::trace::Step;
use millwright_domain::Timestamp;
use serde::Serialize;

pub trait Invariant: Send {
    fn name(&self) -> &'static str;
    /// `Err` says what is broken.
    fn sees(&mut self, at: Timestamp, step: &Step) -> Result<(), String>;
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub step: u64,
    pub invariant: &'static str,
    pub what: String,
}

pub fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(acknowledged::NothingAcknowledgedIsLost::default()),
        Box::new(allowed::NoActionWithoutItsYes::default()),
        Box::new(once::NoWriteTwice::default()),
        Box::new(budget::NoReservationPastABudget::default()),
        Box::new(projections::RebuiltIsKept),
        Box::new(replay::AReplayGivesTheSame::default()),
        Box::new(settles::EverythingEnds),
    ]
}
