//! Folding in one go is folding in pieces, wherever the pieces end, restarts and repeats included.

use super::{Bench, on_both};
use crate::{
    readings::tables,
    testing::{MemoryLog, Recorder, road},
};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    case::Outcome,
    chain::StoredRecord,
    ports::event_log::EventLog,
    position::{PartitionId, Position},
    reading::Scan,
};
use proptest::prelude::*;

/// Opens, takes in what is there, and stops; several times over one folder.
async fn in_pieces(bench: &Bench, log: &MemoryLog, whole: &[StoredRecord], scans: &[Scan], cuts: &[usize]) -> (Vec<(&'static str, String)>, String) {
    let partition = PartitionId::site(&road::site());
    let mut ends: Vec<usize> = cuts.to_vec();
    ends.sort_unstable();
    ends.push(usize::MAX);
    let partial = MemoryLog::default();
    let (mut facts, mut read) = (0, 0);
    for end in ends {
        while facts < whole.len().min(end) {
            partial.record_bytes(&partition, whole[facts].bytes.clone());
            facts += 1;
        }
        let until = scans.len().min(end);
        partial.append_readings(scans[read.min(until)..until].to_vec()).await.unwrap();
        read = read.max(until);
        // A new process each time: nothing but the tables is carried over.
        let projections = bench.open().await;
        projections.catch_up(&partial).await.unwrap();
    }
    assert_eq!(partial.head().await.unwrap(), log.head().await.unwrap());
    let projections = bench.open().await;
    (projections.digests().await.unwrap(), projections.readings_digest().await.unwrap())
}

/// Scans with hiccups: repeats, former owners, late ones.
fn scans() -> impl Strategy<Value = Vec<Scan>> {
    prop::collection::vec((0..4u64, -600..600i64, -50.0..50.0_f64, any::<bool>()), 1..60).prop_map(|steps| {
        let mut number = 0;
        let mut at = Timestamp::from_secs(1_700_000_000);
        let one = |(step, jump, value, again): (u64, i64, f64, bool)| {
            number += u64::from(!again);
            at = at + TimeDelta::seconds(step as i64 * 5);
            let measured = if jump % 7 == 0 { at + TimeDelta::seconds(jump) } else { at };
            Scan { epoch: 1 + number / 20, ..road::scan(number, measured, value) }
        };
        steps.into_iter().map(one).collect()
    })
}

/// The same in one go and in pieces, each time on a fresh bench.
async fn compare(fresh: impl Fn() -> Option<Bench>, scans: Vec<Scan>, cuts: Vec<usize>, cases: u32) {
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    for number in 0..cases {
        let proposal = road::awaiting(&mut recorder, road::case(number));
        if number % 2 == 0 {
            road::finished(&mut recorder, road::case(number), &proposal, Outcome::FalseAlarm);
        }
    }
    log.append_readings(scans.clone()).await.unwrap();
    let whole: Vec<StoredRecord> = log.read_ledger(&recorder.partition, 0, 1_000).await.unwrap().into_items().map(|(_, record)| record).collect();
    let (Some(first), Some(second)) = (fresh(), fresh()) else { return };
    let one_go = in_pieces(&first, &log, &whole, &scans, &[]).await;
    let pieces = in_pieces(&second, &log, &whole, &scans, &cuts).await;
    assert_eq!(one_go, pieces);
    first.clean().await;
    second.clean().await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn one_go_is_as_many_pieces_on_sqlite(scans in scans(), cuts in prop::collection::vec(0..60usize, 1..5), cases in 1..4u32) {
        runtime().block_on(compare(|| Some(Bench::sqlite()), scans, cuts, cases));
    }
}
proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn one_go_is_as_many_pieces_on_postgres(scans in scans(), cuts in prop::collection::vec(0..60usize, 1..5), cases in 1..4u32) {
        runtime().block_on(compare(Bench::postgres, scans, cuts, cases));
    }
}

on_both!(facts_that_were_taken_in_before_change_nothing);

async fn facts_that_were_taken_in_before_change_nothing(bench: &Bench) {
    let (log, recorder) = super::recorded();
    let projections = bench.caught_up(&log).await;
    let before = projections.digests().await.unwrap();
    drop(projections);
    // As after a crash that lost one projection's position: the others meet the same facts again.
    for forget in ["DELETE FROM positions WHERE projection = 'audit'", "DELETE FROM audit", "DELETE FROM audit_counts"] {
        bench.tamper(forget).await;
    }
    let again = bench.open().await;
    assert_eq!(again.position().next(&recorder.partition), 0);
    again.catch_up(&log).await.unwrap();
    assert_eq!(again.digests().await.unwrap(), before);
    assert!(again.position().covers(&Position::at(recorder.partition, 1)));
}

#[test]
fn every_readings_table_is_in_the_digest() {
    assert_eq!(tables::all().len(), 4);
}
