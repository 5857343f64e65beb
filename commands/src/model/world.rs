//! One state of the model: everything that can make a difference later, small enough to keep hundreds of thousands of.

use super::{
    account::Account,
    cast::STANDS_AT,
    executor::Node,
    step::{Change, Word},
};
use crate::testing::plant;
use chrono::TimeDelta;
use millwright_domain::{Now, action::Observed};

/// Proposals of one run: their actions are a1, a2 and a3.
pub const SLOTS: usize = 3;
/// A node is known by its place.
pub const NODES: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct World {
    /// The real fold, by its number in [`super::rules::Rules`].
    pub site: u32,
    /// Seconds since the model began.
    pub now: u16,
    pub machine: Machine,
    pub nodes: [Node; NODES],
    /// What the facts say, counted a second time.
    pub account: Account,
    pub answers: Answers,
    /// Words of runs that have ended, still on their way to the ledger.
    pub letters: [Option<Word>; SLOTS],
    /// How often each thing has happened that may happen only so often.
    pub used: [u8; super::scope::LIMITS],
}

pub fn time(now: u16) -> Now {
    let now_is = plant::now().wall + TimeDelta::seconds(now.into());
    Now::both(now_is)
}

/// Its setpoint and pressure, and what is known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Machine {
    pub speed: u16,
    pub pressure_is_high: bool,
    pub seen: Seen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seen {
    Live,
    /// Its device is silent since then; this was the last reading.
    Last(Sight),
    /// Nothing was read since the program began.
    Never,
}

/// A reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sight {
    pub speed: u16,
    pub pressure_is_high: bool,
    pub at: u16,
}

impl Machine {
    pub const BEGINS: Self = Self { speed: STANDS_AT, pressure_is_high: false, seen: Seen::Live };

    pub fn sight(self, now: u16) -> Option<Sight> {
        match self.seen {
            Seen::Live => Some(Sight { speed: self.speed, pressure_is_high: self.pressure_is_high, at: now }),
            Seen::Last(sight) => Some(sight),
            Seen::Never => None,
        }
    }
    pub fn changes(&mut self, change: Change, now: u16) {
        match change {
            Change::MovedByHand => self.speed = 1_450,
            Change::MovedBack => self.speed = STANDS_AT,
            Change::PressureRises => self.pressure_is_high = true,
            Change::PressureFalls => self.pressure_is_high = false,
            Change::FallsSilent => self.seen = self.sight(now).map_or(Seen::Never, Seen::Last),
            Change::IsForgotten => self.seen = Seen::Never,
            Change::Answers => self.seen = Seen::Live,
        }
    }
}

/// As the collector of the device last heard it.
pub fn observed(sight: Option<Sight>) -> Vec<Observed> {
    let Some(Sight { speed, pressure_is_high, at }) = sight else { return vec![] };
    plant::observed(speed.into(), if pressure_is_high { 9.5 } else { 4.0 }, time(at).plant)
}

/// Which commands were answered, of those that are asked again under the same id: it is looked at before anything is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Answers(u16);

/// The id of a command that may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Id {
    Proposal(usize),
    FirstStart(usize),
    Finish(usize),
}

impl Answers {
    pub const fn has(self, id: Id) -> bool {
        self.0 & Self::bit(id) != 0
    }
    pub fn learn(&mut self, id: Id) {
        self.0 |= Self::bit(id);
    }
    const fn bit(id: Id) -> u16 {
        let place = match id {
            Id::Proposal(slot) => slot,
            Id::FirstStart(slot) => SLOTS + slot,
            Id::Finish(slot) => 2 * SLOTS + slot,
        };
        1 << place
    }
}
