//! What is the same for every protocol: when a device is asked, over which connection, and what its answers come to.
//!
//! `link` is the way to ask, `keeper` the one task that owns a line (with `breaker` and `backoff` deciding when it may be used). `poll` asks on
//! schedule, `gather` takes in what is told by itself, `write` is the one careful way back, `probe` what `millwright check` shows.
//! `report` leaves out what did not change, `stamp` gives times that never go back, `lateness` says how punctual all of it is.

pub mod backoff;
pub mod breaker;
pub(crate) mod gather;
mod keeper;
pub mod lateness;
pub mod link;
pub(crate) mod poll;
pub mod probe;
pub mod report;
pub mod sieve;
pub mod stamp;
pub(crate) mod write;

use crate::protocol::Savings;
use lateness::Lateness;
use stamp::Stamps;

/// What collecting from a device has come to so far; shared by its tasks.
#[derive(Debug)]
pub(crate) struct Tally {
    pub lateness: Lateness,
    pub stamps: Stamps,
    pub saved: Savings,
}

impl Tally {
    pub(crate) fn new(speed: f64) -> Self {
        Self { lateness: Lateness::default(), stamps: Stamps::new(speed), saved: Savings::default() }
    }
}
