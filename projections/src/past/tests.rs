//! The past against what was there: for any time the same tables as a program that had never seen more.

use super::{
    Comparison, Extent, NoPast, Pasts,
    shelf::{MOST_KEPT, shapes},
};
use crate::{
    Projections, audit, budget, open_cases,
    page::Window,
    pending_approvals,
    store::digest::Part,
    testing::{MemoryLog, Recorder, road},
};
use chrono::TimeDelta;
use millwright_domain::{Now, Timestamp, budget::Window as Hours, case::Outcome, ids::SiteId, ports::event_log::EventLog, position::PartitionId};
use proptest::prelude::*;
use std::{path::Path, sync::Arc, time::Duration};
use tokio_util::sync::{CancellationToken, DropGuard};

const PATIENT: Duration = Duration::from_secs(60);
const LATER: Timestamp = Timestamp::from_secs(1_800_000_000);

struct House {
    log: MemoryLog,
    present: Projections,
    pasts: Pasts,
    dir: tempfile::TempDir,
    _runs: DropGuard,
}

impl House {
    async fn of(log: MemoryLog) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let present = Projections::open(&dir.path().join("projections")).await.unwrap();
        present.catch_up(&log).await.unwrap();
        let (pasts, runs) = pasts(&log, &present, dir.path(), 5);
        Self { log, present, pasts, dir, _runs: runs }
    }
    async fn at(&self, as_of: Timestamp) -> Projections {
        self.pasts.at(as_of, Now::both(LATER), PATIENT).await.unwrap()
    }
    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path().join("past")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".db")).collect()
    }
}

fn pasts(log: &MemoryLog, present: &Projections, dir: &Path, stride: u64) -> (Pasts, DropGuard) {
    let pasts = Pasts::with_stride(dir.join("past"), present.clone(), Arc::new(log.clone()), 1.0, stride);
    let stop = CancellationToken::new();
    let (running, until) = (pasts.clone(), stop.clone());
    tokio::spawn(async move { running.run(until).await });
    (pasts, stop.drop_guard())
}

async fn digest(projections: &Projections) -> Vec<(&'static str, String)> {
    let mut digests = Vec::new();
    for shape in shapes() {
        let parts: Vec<Part> = shape.tables.iter().map(|table| Part::whole(table)).collect();
        digests.push((shape.name, crate::projections::read(&projections.inner.ledger).digest(&parts).await.unwrap()));
    }
    digests
}

/// What a program would show that knew a log's facts up to a time and no more.
async fn fresh(log: &MemoryLog, as_of: Timestamp) -> (Projections, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let projections = Projections::open(dir.path()).await.unwrap();
    projections.catch_up(&log.up_to(as_of)).await.unwrap();
    (projections, dir)
}

/// A site whose first case was finished and whose second waits; the times before the yes and before the end of the first.
fn recorded() -> (MemoryLog, Timestamp, Timestamp) {
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    let proposal = road::awaiting(&mut recorder, road::case(1));
    let waits = recorder.now();
    road::finished(&mut recorder, road::case(1), &proposal, Outcome::Repaired);
    let finished = recorder.now();
    road::awaiting(&mut recorder, road::case(2));
    (log, waits, finished)
}

#[tokio::test]
async fn what_was_decided_later_still_waits_and_what_was_closed_later_is_open() {
    let (log, waits, finished) = recorded();
    let house = House::of(log).await;
    let then = house.at(waits).await;
    let pending = pending_approvals::all(&then.ledger(), None).await.unwrap();
    assert_eq!(pending.iter().map(|row| row.case).collect::<Vec<_>>(), [road::case(1)]);
    assert!(open_cases::find(&then.ledger(), road::case(1)).await.unwrap().unwrap().is_open());
    assert!(open_cases::find(&then.ledger(), road::case(2)).await.unwrap().is_none());
    let after = house.at(finished).await;
    assert!(!open_cases::find(&after.ledger(), road::case(1)).await.unwrap().unwrap().is_open());
    assert_eq!(then.as_of().map(|now| now.wall), Some(waits));
    assert_eq!((then.plants().len(), house.present.as_of()), (1, None));
}

#[tokio::test]
async fn who_held_what_of_a_budget_is_said_for_the_time() {
    let (log, _, finished) = recorded();
    let house = House::of(log).await;
    // The reservation is settled one second before the end.
    let then = house.at(finished - TimeDelta::seconds(2)).await;
    let held = |rows: Vec<budget::BudgetRow>, now| {
        rows.iter().map(|row| (row.spent(Hours::Hour, now).held, row.spent(Hours::Hour, now).settled)).collect::<Vec<_>>()
    };
    assert_eq!(held(budget::all(&then.ledger()).await.unwrap(), finished), [(500, 0)]);
    let after = house.at(finished).await;
    assert_eq!(held(budget::all(&after.ledger()).await.unwrap(), finished), [(0, 420)]);
}

#[tokio::test]
async fn the_audit_ends_where_the_past_does() {
    let (log, waits, _) = recorded();
    let house = House::of(log).await;
    let (db, until) = house.at(waits).await.facts(PATIENT).await.unwrap();
    let filter = audit::AuditFilter { until, ..audit::AuditFilter::default() };
    let page = audit::page(&db, &filter, &Window::first(200)).await.unwrap();
    let (alone, _dir) = fresh(&house.log, waits).await;
    let same = audit::page(&alone.ledger(), &audit::AuditFilter::default(), &Window::first(200)).await.unwrap();
    assert_eq!(page.rows, same.rows);
    assert!(!page.rows.is_empty());
}

#[tokio::test]
async fn times_that_were_not_are_refused_with_what_is_possible() {
    let (log, waits, _) = recorded();
    let house = House::of(log).await;
    let first = house.pasts.extent().await.unwrap().first.unwrap();
    let before = house.pasts.at(first - TimeDelta::seconds(1), Now::both(LATER), PATIENT).await.err().unwrap();
    assert!(matches!(before, NoPast::BeforeTheFirst { first: said, .. } if said == first), "{before}");
    let future = house.pasts.at(waits, Now::both(waits - TimeDelta::seconds(1)), PATIENT).await.err().unwrap();
    assert!(matches!(future, NoPast::NotYet { .. }), "{future}");
    let empty = House::of(MemoryLog::default()).await;
    assert_eq!(empty.pasts.extent().await.unwrap(), Extent::default());
    assert!(matches!(empty.pasts.at(waits, Now::both(LATER), PATIENT).await, Err(NoPast::Empty)));
}

#[tokio::test]
async fn all_who_ask_for_one_time_share_one_fold() {
    let (log, waits, _) = recorded();
    let house = House::of(log).await;
    let asked = (0..8).map(|number| house.pasts.at(waits + TimeDelta::microseconds(number), Now::both(LATER), PATIENT));
    for answer in futures::future::join_all(asked).await {
        answer.unwrap();
    }
    assert_eq!(house.pasts.folds(), 1);
    house.at(waits).await;
    assert_eq!(house.pasts.folds(), 1, "and it is kept");
}

#[tokio::test]
async fn whoever_has_no_patience_is_told_how_far_it_is() {
    let (log, waits, _) = recorded();
    let dir = tempfile::tempdir().unwrap();
    let present = Projections::open(&dir.path().join("projections")).await.unwrap();
    present.catch_up(&log).await.unwrap();
    // Nobody runs it, so it never gets further.
    let pasts = Pasts::new(dir.path().join("past"), present, Arc::new(log), 1.0);
    let told = pasts.at(waits, Now::both(LATER), Duration::ZERO).await.err().unwrap();
    assert!(matches!(told, NoPast::StillReplaying(progress) if progress.done == 0 && progress.of == 7), "{told}");
}

#[tokio::test]
async fn there_are_never_more_pasts_than_a_few() {
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    for number in 0..12 {
        road::awaiting(&mut recorder, road::case(number));
    }
    let house = House::of(log).await;
    let first = house.pasts.extent().await.unwrap().first.unwrap();
    for second in (0..40).rev() {
        house.at(first + TimeDelta::seconds(second)).await;
        assert!(house.files().len() <= MOST_KEPT);
    }
    assert!(house.pasts.state().open.len() <= super::MOST_OPEN);
}

#[tokio::test]
async fn what_a_kill_left_behind_is_thrown_away_and_what_was_finished_is_used() {
    let (log, waits, finished) = recorded();
    let house = House::of(log).await;
    house.at(waits).await;
    let folder = house.dir.path().join("past");
    std::fs::write(folder.join("past-77.building"), b"half of a database").unwrap();
    std::fs::write(folder.join("past-78.db"), b"no database at all").unwrap();
    let (again, _runs) = pasts(&house.log, &house.present, house.dir.path(), 1_000);
    let then = again.at(finished, Now::both(LATER), PATIENT).await.unwrap();
    let (alone, _dir) = fresh(&house.log, finished).await;
    assert_eq!(digest(&then).await, digest(&alone).await);
    assert!(!folder.join("past-77.building").exists() && !folder.join("past-78.db").exists());
}

#[tokio::test]
async fn a_past_that_was_broken_off_anywhere_is_made_anew() {
    let (log, waits, finished) = recorded();
    let house = House::of(log).await;
    let (alone, _dir) = fresh(&house.log, finished).await;
    for yields in 0..20 {
        let pasts = Pasts::with_stride(house.dir.path().join("past"), house.present.clone(), Arc::new(house.log.clone()), 1.0, 2);
        let running = pasts.clone();
        let task = tokio::spawn(async move { running.run(CancellationToken::new()).await });
        drop(pasts.at(waits + TimeDelta::seconds(yields), Now::both(LATER), Duration::ZERO).await);
        for _ in 0..yields * 5 {
            tokio::task::yield_now().await;
        }
        // Nothing of it gets to tidy up.
        task.abort();
        drop(task.await);
    }
    let is_tidy =
        || std::fs::read_dir(house.dir.path().join("past")).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().contains("building"));
    let begun = std::time::Instant::now();
    loop {
        let (again, _runs) = pasts(&house.log, &house.present, house.dir.path(), 2);
        let then = again.at(finished, Now::both(LATER), PATIENT).await.unwrap();
        assert_eq!(digest(&then).await, digest(&alone).await);
        // A thread of what was broken off may write to the end of its sentence; whoever opens the folder next throws that away.
        if is_tidy() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "what was broken off stays");
    }
}

#[tokio::test]
async fn a_past_of_another_log_is_not_gone_on_with() {
    let (log, waits, _) = recorded();
    let house = House::of(log).await;
    house.at(waits).await;
    let other = MemoryLog::default();
    let mut recorder = Recorder::on(&other, &road::site());
    road::awaiting(&mut recorder, road::case(9));
    road::described(&mut recorder);
    road::awaiting(&mut recorder, road::case(8));
    let present = Projections::open(&house.dir.path().join("others")).await.unwrap();
    present.catch_up(&other).await.unwrap();
    let (pasts, _runs) = pasts(&other, &present, house.dir.path(), 1_000);
    let then = pasts.at(recorder.now(), Now::both(LATER), PATIENT).await.unwrap();
    assert!(open_cases::find(&then.ledger(), road::case(1)).await.unwrap().is_none());
    assert!(open_cases::find(&then.ledger(), road::case(9)).await.unwrap().is_some());
}

#[tokio::test]
async fn the_newest_values_are_those_that_had_been_received() {
    let (log, waits, _) = recorded();
    let second = |number: i64| waits + TimeDelta::seconds(number);
    let mut late = road::scan(2, second(-1), 7.0);
    late.received_at = second(5);
    log.append_readings(vec![road::scan(0, second(-3), 5.0), road::scan(1, second(-2), 6.0), late, road::scan(3, second(6), 8.0)]).await.unwrap();
    let house = House::of(log).await;
    let flow = "pump-1/flow".parse().unwrap();
    let value = |seen: Projections| seen.live().newest(&road::site(), &flow).and_then(|newest| newest.value);
    assert_eq!(value(house.at(waits).await), Some(6.0));
    assert_eq!(value(house.at(second(5)).await), Some(7.0));
    assert_eq!(value(house.present.clone()), Some(8.0));
}

#[tokio::test]
async fn two_times_compared_say_what_is_new_gone_and_otherwise() {
    let (log, waits, finished) = recorded();
    let house = House::of(log).await;
    let compared = Comparison::of(&house.at(waits).await, &house.at(LATER).await, None).await.unwrap();
    let stages: Vec<_> =
        compared.cases.iter().map(|one| (one.before.as_ref().map(|row| row.stage()), one.after.as_ref().map(|row| row.stage()))).collect();
    assert_eq!(stages, [(Some("awaiting_approval"), Some("closed")), (None, Some("awaiting_approval"))]);
    let waits_at: Vec<_> = compared.approvals.iter().map(|one| (one.before.is_some(), one.after.is_some())).collect();
    assert_eq!((waits_at.len(), waits_at.contains(&(true, false)), waits_at.contains(&(false, true))), (2, true, true));
    assert_eq!(compared.actions.len(), 2);
    let nothing = Comparison::of(&house.at(finished).await, &house.at(finished).await, None).await.unwrap();
    assert_eq!(nothing, Comparison::default());
}

/// Facts of two sites, in any order.
fn history() -> impl Strategy<Value = Vec<(bool, u8)>> {
    prop::collection::vec((any::<bool>(), 0..3u8), 1..14)
}

fn told(history: &[(bool, u8)]) -> MemoryLog {
    let log = MemoryLog::default();
    let sites: [SiteId; 2] = ["demo".parse().unwrap(), "north".parse().unwrap()];
    let mut recorders = sites.map(|site| Recorder::at(&log, PartitionId::site(&site)));
    recorders.iter_mut().for_each(road::described);
    for (number, (north, what)) in history.iter().enumerate() {
        let recorder = &mut recorders[usize::from(*north)];
        let case = road::case(number as u32);
        let proposal = road::awaiting(recorder, case);
        match what {
            0 => {}
            1 => road::finished(recorder, case, &proposal, Outcome::Repaired),
            _ => road::finished(recorder, case, &proposal, Outcome::FalseAlarm),
        }
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn the_past_is_what_a_program_would_show_that_knew_no_more(history in history(), seconds in prop::collection::vec(0..200i64, 1..5)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let house = House::of(told(&history)).await;
            let first = house.pasts.extent().await.unwrap().first.unwrap();
            for second in seconds {
                let as_of = first + TimeDelta::seconds(second);
                let (then, alone) = (house.at(as_of).await, fresh(&house.log, as_of).await);
                assert_eq!(digest(&then).await, digest(&alone.0).await);
                assert_eq!(*then.plants(), *alone.0.plants());
            }
        });
    }
}
