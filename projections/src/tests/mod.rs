//! The projections as a whole, over recorded facts: what they show, that they can be rebuilt, and what stops a stream.

mod following;
mod pieces;
mod readings;
mod road;
mod speed;

use crate::{
    Projections,
    testing::{MemoryLog, Recorder, road as fixture},
};
use millwright_domain::case::Outcome;
use tempfile::TempDir;

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

pub(crate) async fn caught_up(log: &MemoryLog) -> (Projections, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let projections = Projections::open(dir.path()).await.unwrap();
    projections.catch_up(log).await.unwrap();
    (projections, dir)
}
