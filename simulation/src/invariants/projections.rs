//! Projections rebuilt are projections kept: whatever batches, restarts and rebuilds they went through.

use super::Invariant;
use crate::trace::Step;
use millwright_domain::Timestamp;

pub struct RebuiltIsKept;

impl Invariant for RebuiltIsKept {
    fn name(&self) -> &'static str {
        "projections rebuilt are projections kept"
    }

    fn sees(&mut self, _: Timestamp, step: &Step) -> Result<(), String> {
        match step {
            Step::Compared { what, same: false, detail } => Err(format!("{what}: {detail}")),
            _ => Ok(()),
        }
    }
}
