//! Several programs on one Postgres: one folds, the others see the same, and whoever dies is replaced.

use super::{Bench, recorded};
use crate::{
    Place, Projections, Window,
    audit::{self, AuditFilter},
    open_cases::{self, CaseFilter},
    testing::{MemoryLog, Recorder, road},
    turn::Turn,
};
use millwright_domain::{Timestamp, case::Outcome, ports::event_log::EventLog, position::Position};
use sqlx::{Connection as _, PgConnection};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(30);

/// A program that follows the log until it is told to stop, or dies.
struct Program {
    projections: Projections,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Program {
    async fn start(bench: &Bench, log: &MemoryLog) -> Self {
        let (projections, stop) = (bench.open().await, CancellationToken::new());
        let (followed, log, until) = (projections.clone(), Arc::new(log.clone()), stop.clone());
        let running = tokio::spawn(async move { followed.run(log, until).await.unwrap() });
        Self { projections, stop, running }
    }
    async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
    /// Without a word to anybody.
    async fn die(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + second)
}

/// One more case, and one more scan.
async fn go_on(log: &MemoryLog, recorder: &mut Recorder, number: u32) -> Position {
    let proposal = road::awaiting(recorder, road::case(number));
    road::finished(recorder, road::case(number), &proposal, Outcome::Mitigated);
    log.append_readings(vec![road::scan(number.into(), at(number.into()), number.into())]).await.unwrap();
    log.head().await.unwrap()
}

async fn said(projections: &Projections) -> (Vec<(&'static str, String)>, String) {
    (projections.digests().await.unwrap(), projections.readings_digest().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_fold_at_once_count_everything_once() {
    let Some(bench) = Bench::postgres() else { return };
    let (log, mut recorder) = recorded();
    let (one, other) = (bench.open().await, bench.open().await);
    for number in 3..30 {
        go_on(&log, &mut recorder, number).await;
        let (first, second) = tokio::join!(one.catch_up(&log), other.catch_up(&log));
        first.unwrap();
        second.unwrap();
    }
    let fresh = Bench::like(&bench);
    assert_eq!(said(&one).await, said(&fresh.caught_up(&log).await).await);
    assert_eq!(one.position(), other.position());
    fresh.clean().await;
    bench.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_looks_on_sees_the_same_and_takes_over_from_who_died() {
    let Some(bench) = Bench::postgres() else { return };
    let (log, mut recorder) = recorded();
    let mut programs = vec![Program::start(&bench, &log).await, Program::start(&bench, &log).await];
    for number in 3..6 {
        let mut changes: Vec<_> = programs.iter().map(|program| program.projections.subscribe()).collect();
        let seen: Vec<Position> = programs.iter().map(|program| program.projections.position()).collect();
        let head = go_on(&log, &mut recorder, number).await;
        for (place, program) in programs.iter().enumerate() {
            let projections = &program.projections;
            projections.reached(&head, SOON).await.unwrap();
            assert!(open_cases::find(&projections.ledger(), road::case(number)).await.unwrap().is_some());
            let live = projections.live();
            let mut news = live.changes();
            let newest = || live.newest(&road::site(), &"pump-1/flow".parse().unwrap()).map(|row| row.at);
            tokio::time::timeout(SOON, news.wait_for(|_| newest() == Some(at(number.into())))).await.unwrap().unwrap();
            let mut told = (seen[place].clone(), BTreeSet::new());
            while !told.0.covers(&Position::at(recorder.partition.clone(), head.next(&recorder.partition))) {
                let change = tokio::time::timeout(SOON, changes[place].recv()).await.unwrap().unwrap();
                told.0.merge(&change.position);
                told.1.extend(change.cases);
            }
            assert!(told.1.contains(&road::case(number)), "program {place} was told");
            assert_eq!(projections.plants().len(), 1);
        }
        // The first in line is the one that folds.
        programs.remove(0).die().await;
        programs.push(Program::start(&bench, &log).await);
    }
    let fresh = Bench::like(&bench);
    assert_eq!(said(&programs[0].projections).await, said(&fresh.caught_up(&log).await).await);
    for program in programs {
        program.stop().await;
    }
    fresh.clean().await;
    bench.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_is_seen_by_nobody_who_reads() {
    let Some(bench) = Bench::postgres() else { return };
    let (log, mut recorder) = recorded();
    let (one, other) = (Program::start(&bench, &log).await, Program::start(&bench, &log).await);
    let head = log.head().await.unwrap();
    for program in [&one, &other] {
        program.projections.reached(&head, SOON).await.unwrap();
    }
    let facts = head.next(&recorder.partition);
    let stop = CancellationToken::new();
    let readers: Vec<JoinHandle<u64>> = (0..3)
        .map(|_| {
            let (stop, db) = (stop.clone(), other.projections.ledger());
            tokio::spawn(async move {
                let mut asked = 0;
                while !stop.is_cancelled() {
                    assert_eq!(audit::counts(&db).await.unwrap().facts, facts);
                    assert_eq!(audit::page(&db, &AuditFilter::default(), &Window::first(200)).await.unwrap().rows.len() as u64, facts);
                    assert_eq!(open_cases::page(&db, &CaseFilter::default(), &Window::first(10)).await.unwrap().rows.len(), 2);
                    asked += 3;
                }
                asked
            })
        })
        .collect();
    // The one that folds and the one that looks on, both may rebuild.
    for program in [&one, &other, &one] {
        program.projections.rebuild(&log).await.unwrap();
        program.projections.rebuild_readings(&log).await.unwrap();
    }
    stop.cancel();
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    let head = go_on(&log, &mut recorder, 3).await;
    for (name, program) in [("one", one), ("other", other)] {
        let reached = program.projections.reached(&head, SOON).await;
        assert_eq!(
            reached,
            Ok(()),
            "{name}: {:?}, {:?}",
            program.projections.trouble(),
            program.projections.inner.readings_fold.try_lock().map(|fold| (fold.folded(), fold.due()))
        );
        program.stop().await;
    }
    bench.clean().await;
}

#[tokio::test]
async fn a_turn_ends_with_its_connection_and_goes_to_the_next() {
    let Some(bench) = Bench::postgres() else { return };
    drop(bench.open().await);
    let Place::Postgres(place) = &bench.place else { panic!("not a Postgres") };
    let first = Turn::shared(place);
    first.comes(SOON).await;
    let second = Turn::shared(place);
    let mut db = PgConnection::connect_with(&place.within("public")).await.unwrap();
    let holder = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND (classid::bigint << 32) + objid::bigint = hashtextextended($1, 0)";
    let ended: Vec<bool> = sqlx::query_scalar(holder).bind(format!("fold {}", place.schema())).fetch_all(&mut db).await.unwrap();
    assert_eq!(ended, [true]);
    // The first one notices, and stands behind the second, which has been trying all along.
    second.comes(SOON).await;
    first.goes(SOON).await;
    assert!(second.now().is_some());
    drop((first, second));
    bench.clean().await;
}
