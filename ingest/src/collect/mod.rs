//! What is the same for every protocol: when a device is asked, over which connection, and what its answers come to.
//!
//! `link` is the way to ask, `keeper` the one task that owns a line (with `breaker` and `backoff` deciding when it may be used). `poll` asks on
//! schedule, `gather` takes in what is told by itself, `write` is the one careful way back, `probe` what `millwright check` shows.
//! `sieve` leaves out what did not change, as `report` says, `stamp` gives times that never go back, `lateness` says how punctual all of it is.
//! `silence` finds the gaps, `checkup` says whether a unit is well.

pub mod backoff;
pub mod breaker;
pub mod checkup;
pub(crate) mod gather;
mod keeper;
pub mod lateness;
pub mod link;
pub(crate) mod poll;
pub mod probe;
pub mod report;
pub mod sieve;
pub mod silence;
pub mod stamp;
pub(crate) mod write;

use crate::protocol::Savings;
use checkup::{Checkup, Given};
use chrono::TimeDelta;
use lateness::Lateness;
use millwright_domain::{Timestamp, ids::SignalId, reading::Reading};
use silence::{Noticed, Silence};
use stamp::Stamps;
use std::collections::BTreeMap;

/// What collecting from a device has come to so far; shared by its tasks.
#[derive(Debug)]
pub(crate) struct Tally {
    pub lateness: Lateness,
    pub stamps: Stamps,
    pub saved: Savings,
    /// Readings that were left out because they said nothing new.
    pub left_out: u64,
    pub units: BTreeMap<u16, Unit>,
}

/// How one unit attends.
#[derive(Debug)]
pub(crate) struct Unit {
    pub silence: Silence,
    pub checkup: Checkup,
    /// The last good value of each signal.
    pub last: BTreeMap<SignalId, f64>,
}

/// What came of asking a unit, or of listening to it.
pub(crate) struct Attended {
    pub at: Timestamp,
    pub given: Given,
    /// It said nothing.
    pub silent: bool,
    /// Scans that this is, or takes the place of.
    pub scans: u64,
    /// Whether what is noticed can be told now.
    pub room: bool,
}

impl Tally {
    pub(crate) fn new(speed: f64) -> Self {
        Self { lateness: Lateness::default(), stamps: Stamps::new(speed), saved: Savings::default(), left_out: 0, units: BTreeMap::new() }
    }

    /// A unit is collected from since then, so often.
    pub(crate) fn begin(&mut self, unit: u16, at: Timestamp, period: Option<TimeDelta>) {
        self.units.entry(unit).or_insert_with(|| Unit {
            silence: Silence::beginning(at, period),
            checkup: Checkup::default(),
            last: BTreeMap::new(),
        });
    }

    pub(crate) fn remember<'a>(&mut self, unit: u16, readings: impl IntoIterator<Item = &'a Reading>) {
        let Some(Unit { last, .. }) = self.units.get_mut(&unit) else { return };
        for reading in readings {
            let Some(value) = reading.good() else { continue };
            match last.get_mut(&reading.signal) {
                Some(last) => *last = value,
                None => drop(last.insert(reading.signal.clone(), value)),
            }
        }
    }

    /// Counts what a unit said or did not say; `why` it did not.
    pub(crate) fn count(&mut self, unit: u16, attended: &Attended, why: impl FnOnce() -> String) -> Option<Noticed> {
        let Unit { silence, checkup, .. } = self.units.get_mut(&unit)?;
        let Attended { at, given, silent, scans, room } = *attended;
        checkup.count(given);
        if silent { silence.unanswered(at, scans, why, room) } else { silence.answered(at, room) }
    }
}
