//! What goes on when a part does not: newest values without a database, old tables without their log, an old program beside a new one.

use super::{Bench, on_both, recorded};
use crate::{
    Place, Projections,
    db::{Ask, answered},
    readings::{self, Period},
    testing::{MemoryLog, postgres::Server, road},
    turn::Turn,
};
use chrono::TimeDelta;
use millwright_domain::{Timestamp, ports::event_log::EventLog};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(40);
const START: Timestamp = Timestamp::from_secs(1_700_000_040);

on_both!(
    newest_values_move_while_the_tables_cannot_be_written,
    rollups_of_a_time_that_the_log_has_dropped_are_kept_and_gone_on_with,
    tables_that_can_be_neither_rebuilt_nor_gone_on_with_are_told_of_and_the_rest_goes_on,
);

struct Following {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn follow(projections: &Projections, log: &MemoryLog) -> Following {
    let (followed, log, stop) = (projections.clone(), Arc::new(log.clone()), CancellationToken::new());
    let until = stop.clone();
    Following { stop, running: tokio::spawn(async move { followed.run(log, until).await.unwrap() }) }
}

impl Following {
    async fn end(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let seen = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !is_so() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(SOON, seen).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

fn second(number: u64) -> Timestamp {
    START + TimeDelta::seconds(number as i64)
}

async fn newest_is(projections: &Projections, log: &MemoryLog, number: u64) {
    log.append_readings(vec![road::scan(number, second(number), number as f64)]).await.unwrap();
    let newest = || projections.live().newest(&road::site(), &"pump-1/flow".parse().unwrap()).map(|row| row.at);
    until("the newest value", || newest() == Some(second(number))).await;
}

async fn newest_values_move_while_the_tables_cannot_be_written(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.open().await;
    let following = follow(&projections, &log);
    newest_is(&projections, &log, 0).await;
    projections.reached(&log.head().await.unwrap(), SOON).await.unwrap();
    bench.tamper_with_readings("ALTER TABLE readings_rollups RENAME TO taken_away").await;
    let before = projections.position();
    newest_is(&projections, &log, 1).await;
    until("trouble is told", || projections.trouble().is_some()).await;
    newest_is(&projections, &log, 2).await;
    assert_eq!(projections.position(), before, "and nothing is in the tables");
    bench.tamper_with_readings("ALTER TABLE taken_away RENAME TO readings_rollups").await;
    projections.reached(&log.head().await.unwrap(), SOON).await.unwrap();
    until("trouble is over", || projections.trouble().is_none()).await;
    following.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newest_values_move_while_a_database_hangs_or_is_gone() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::on(&server.url);
    let Place::Postgres(place) = &bench.place else { panic!("not a Postgres") };
    let (log, _) = recorded();
    let projections = bench.open().await;
    let following = follow(&projections, &log);
    newest_is(&projections, &log, 0).await;
    projections.reached(&log.head().await.unwrap(), SOON).await.unwrap();
    let before = projections.position();
    let mut other = PgConnection::connect_with(&place.within(&format!("{}_readings_1", place.schema()))).await.unwrap();
    let mut holding = other.begin().await.unwrap();
    for table in ["positions", "readings_rollups", "readings_latest", "readings_devices", "readings_extents"] {
        sqlx::query(AssertSqlSafe(format!("LOCK TABLE {table}"))).execute(&mut *holding).await.unwrap();
    }
    for number in 1..4 {
        newest_is(&projections, &log, number).await;
    }
    assert_eq!(projections.position(), before, "nobody could fold");
    server.kill();
    for number in 4..7 {
        newest_is(&projections, &log, number).await;
    }
    until("trouble is told", || projections.trouble().is_some()).await;
    assert_eq!(projections.position(), before, "nobody could fold");
    drop(holding);
    server.start_again();
    projections.reached(&log.head().await.unwrap(), SOON).await.unwrap();
    following.end().await;
    drop(projections);
    server.wipe();
}

async fn minutes(projections: &Projections) -> Vec<readings::RollupPoint> {
    let all = [START - TimeDelta::days(1), START + TimeDelta::days(1)];
    readings::rollups(&projections.readings(), &road::site(), &"pump-1/flow".parse().unwrap(), Period::Minute, all, 10_000).await.unwrap()
}

/// Three hundred scans were rolled up, of which the log has kept two hundred.
async fn shortened(bench: &Bench) -> (MemoryLog, Vec<readings::RollupPoint>) {
    let (log, _) = recorded();
    log.append_readings((0..300).map(|number| road::scan(number, second(number), number as f64)).collect()).await.unwrap();
    let rolled_up = minutes(&bench.caught_up(&log).await).await;
    log.drop_readings_before(100);
    log.append_readings(vec![road::scan(300, second(300), 1.0)]).await.unwrap();
    (log, rolled_up)
}

async fn rollups_of_a_time_that_the_log_has_dropped_are_kept_and_gone_on_with(bench: &Bench) {
    let (log, before) = shortened(bench).await;
    bench.tamper_with_readings("UPDATE projection_versions SET version = version - 1").await;
    let projections = bench.open().await;
    let following = follow(&projections, &log);
    projections.reached(&log.head().await.unwrap(), SOON).await.unwrap();
    assert_eq!(projections.trouble(), None);
    let now = minutes(&projections).await;
    assert_eq!(now[..before.len()], before, "nothing was lost");
    assert_eq!(now.len(), before.len() + 1, "and it goes on");
    following.end().await;
}

async fn tables_that_can_be_neither_rebuilt_nor_gone_on_with_are_told_of_and_the_rest_goes_on(bench: &Bench) {
    let (log, before) = shortened(bench).await;
    bench.tamper_with_readings("UPDATE projection_versions SET version = version - 2").await;
    let projections = bench.open().await;
    let following = follow(&projections, &log);
    let told = || projections.trouble().is_some_and(|trouble| trouble.contains("dropped by retention"));
    until("trouble is told", told).await;
    let mut recorder = crate::testing::Recorder::on(&log, &"south".parse().unwrap());
    road::described(&mut recorder);
    let ledger = millwright_domain::position::Position::at(recorder.partition.clone(), 1);
    projections.reached(&ledger, SOON).await.unwrap();
    newest_is(&projections, &log, 301).await;
    assert!(told(), "what the ledger does well does not hide it");
    assert_eq!(minutes(&projections).await, before, "the former ones are shown");
    assert!(!following.running.is_finished());
    following.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_program_says_that_it_is_old_and_lets_the_newer_one_fold() {
    let Some(bench) = Bench::postgres() else { return };
    let Place::Postgres(place) = &bench.place else { panic!("not a Postgres") };
    let (log, _) = recorded();
    let projections = bench.open().await;
    let following = follow(&projections, &log);
    newest_is(&projections, &log, 0).await;
    projections.reached(&log.head().await.unwrap(), SOON).await.unwrap();
    let mut newer = PgConnection::connect_with(&place.within(place.schema())).await.unwrap();
    let schema = place.schema();
    let swapped = format!(
        "BEGIN; ALTER SCHEMA {schema}_readings_1 RENAME TO {schema}_readings_2; UPDATE {schema}_readings_2.projection_versions SET version = 99;
         UPDATE {schema}.generations SET number = 2 WHERE lane = 'readings'; COMMIT"
    );
    sqlx::raw_sql(AssertSqlSafe(swapped)).execute(&mut newer).await.unwrap();
    newest_is(&projections, &log, 1).await;
    until("it says so", || projections.trouble().is_some_and(|trouble| trouble.contains("in version 99"))).await;
    Turn::shared(place).comes(SOON).await;
    newest_is(&projections, &log, 2).await;
    let upgraded = format!("UPDATE {schema}_readings_2.projection_versions SET version = {}", crate::readings::tables::shapes()[0].version);
    sqlx::raw_sql(AssertSqlSafe(upgraded)).execute(&mut newer).await.unwrap();
    projections.reached(&log.head().await.unwrap(), SOON).await.unwrap();
    until("trouble is over", || projections.trouble().is_none()).await;
    following.end().await;
    bench.clean().await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let late = answered(Duration::from_millis(5), std::future::pending::<Result<(), sqlx::Error>>()).await.unwrap_err();
    assert!(matches!(&late, sqlx::Error::Io(cause) if cause.kind() == std::io::ErrorKind::TimedOut), "{late}");
}

#[tokio::test]
async fn folding_connections_end_what_takes_too_long_and_with_their_network() {
    let Some(bench) = Bench::postgres() else { return };
    let projections = bench.open().await;
    let store = crate::projections::read(&projections.inner.ledger);
    let mut writer = store.writer().await.unwrap();
    let sql = "SELECT current_setting('statement_timeout') AS a, current_setting('search_path') AS b";
    let rows = Ask::new(sql).rows(&mut writer.conn()).await.unwrap();
    assert_eq!((rows[0].text("a").unwrap().as_str(), rows[0].text("b").unwrap().ends_with("ledger_1")), ("100s", true));
    drop(writer);
    drop((store, projections));
    bench.clean().await;
}
