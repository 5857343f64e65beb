//! The projections as a whole, over recorded facts, on either engine: what they show, that they can be rebuilt, and what stops a stream.

mod bench;
mod following;
mod pieces;
mod postgres;
mod readings;
mod rebuilding;
mod road;
mod searching;
mod sharing;
mod similar;
mod speed;
mod tables;
mod trouble;
mod watching;

pub(crate) use bench::{Bench, on_both};

use crate::testing::{MemoryLog, Recorder, road as fixture};
use millwright_domain::case::Outcome;

/// A described site with one finished case and one that waits for a yes.
pub(crate) fn recorded() -> (MemoryLog, Recorder) {
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &fixture::site());
    fixture::described(&mut recorder);
    let proposal = fixture::awaiting(&mut recorder, fixture::case(1));
    fixture::finished(&mut recorder, fixture::case(1), &proposal, Outcome::Repaired);
    fixture::awaiting(&mut recorder, fixture::case(2));
    (log, recorder)
}
