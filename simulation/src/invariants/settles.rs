//! Everything ends: once the faults are over and there was time, nothing that was begun is left without its end.

use super::Invariant;
use crate::trace::Step;
use millwright_domain::Timestamp;

pub struct EverythingEnds;

impl Invariant for EverythingEnds {
    fn name(&self) -> &'static str {
        "everything that was begun ends"
    }

    fn sees(&mut self, _: Timestamp, step: &Step) -> Result<(), String> {
        match step {
            Step::Settled { left } if !left.is_empty() => Err(left.join("; ")),
            _ => Ok(()),
        }
    }
}
