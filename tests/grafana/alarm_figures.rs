//! The figures that Grafana works out in SQL are the ones that the program works out by itself.

use super::{dashboards, macros::Look, panels, plant::Database, word};
use chrono::{DateTime, TimeDelta, Utc};
use millwright_domain::{Timestamp, case::Severity};
use millwright_projections::{
    alarm_performance::{AlarmPerformance, performance},
    alarms::Logged,
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use serde_json::Value;
use std::collections::BTreeMap;

const TABLES: &str = "CREATE SCHEMA millwright;
CREATE TABLE millwright.alarm_log (site text, seq bigint, at timestamptz, asset text, detector text, severity text, what text);
CREATE TABLE millwright.alarms (site text, asset text, active bigint, raised_at timestamptz);";

/// A bad day: floods, a sensor that flickers, answers that come late or never.
fn bad_day(from: DateTime<Utc>, seed: u64) -> Vec<(DateTime<Utc>, Logged)> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut roll = |sides: u32| i64::from(dice.next_u32() % sides);
    let mut seconds: Vec<(i64, bool)> = (0..500).map(|_| (roll(86_400), false)).collect();
    for _ in 0..3 {
        let begins = roll(80_000);
        seconds.extend((0..40).map(|_| (begins + roll(1_500), false)));
    }
    for _ in 0..6 {
        let begins = roll(80_000);
        seconds.extend((0..3).map(|_| (begins + roll(90), true)));
    }
    seconds.sort_unstable();
    let severities = [Severity::Low, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let line = |(second, flickers): (i64, bool)| {
        let at = from + TimeDelta::seconds(second);
        let what = if flickers { "raised" } else { ["raised", "raised", "acknowledged", "cleared"][roll(4) as usize] };
        let asset = if flickers { "pump-0".into() } else { format!("pump-{}", roll(9)) };
        let detector = if flickers { "flicker" } else { ["drift", "noise"][roll(2) as usize] };
        let severity = severities.get(roll(5) as usize).copied();
        (at, Logged { at: Timestamp::from(at), asset: asset.parse().unwrap(), detector: detector.into(), severity, what: what.into() })
    };
    seconds.into_iter().map(line).collect()
}

async fn asked(database: &Database, look: &Look, title: &str) -> Vec<Value> {
    let (_, board) = dashboards().into_iter().find(|(name, _)| name == "alarms.json").expect("the board");
    let panel = panels(&board).find(|panel| word(panel, "title") == title).expect("the panel").clone();
    let sql = look.expanded(word(&panel["targets"][0], "rawSql")).unwrap();
    database.rows(&sql).await.unwrap()
}

async fn hold_against(database: &Database, day: &[(DateTime<Utc>, Logged)], from: DateTime<Utc>) -> AlarmPerformance {
    sqlx::query("TRUNCATE millwright.alarm_log").execute(&database.owner).await.unwrap();
    for (seq, (at, line)) in day.iter().enumerate() {
        let insert = sqlx::query("INSERT INTO millwright.alarm_log VALUES ('north', $1, $2, $3, $4, $5, $6)").bind(seq as i64).bind(at);
        let insert = insert.bind(line.asset.to_string()).bind(&line.detector);
        let severity = serde_json::to_value(line.severity).unwrap().as_str().map(str::to_string);
        insert.bind(severity).bind(&line.what).execute(&database.owner).await.unwrap();
    }
    let to = from + TimeDelta::hours(24);
    let assets = (0..9).map(|pump| format!("pump-{pump}")).collect();
    let chosen = BTreeMap::from([("site".into(), vec!["north".into()]), ("asset".into(), assets)]);
    let look = Look { from: from.to_rfc3339(), to: to.to_rfc3339(), interval_s: 60, chosen };
    let lines: Vec<Logged> = day.iter().map(|(_, line)| line.clone()).collect();
    let ours = performance(&lines, &[], [Timestamp::from(from), Timestamp::from(to)]);
    same(&ours, &asked(database, &look, "The figures").await[0], &asked(database, &look, "By severity").await);
    ours
}

fn same(ours: &AlarmPerformance, theirs: &Value, severities: &[Value]) {
    let names = ["alarms an hour", "most in ten minutes", "time in flood", "from the ten most frequent", "chattering", "stale", "median until seen"];
    for (figure, name) in ours.figures.iter().zip(names) {
        let close = match (figure.value, theirs[name].as_f64()) {
            (Some(ours), Some(theirs)) => (ours - theirs).abs() < 1e-6,
            (ours, theirs) => ours == theirs,
        };
        assert!(close, "{}: {:?} and {}", figure.name, figure.value, theirs[name]);
    }
    for ((severity, share), row) in ours.by_severity.iter().zip(severities) {
        let theirs = row["share"].as_f64().unwrap_or(f64::NAN);
        assert!((100.0 * share - theirs).abs() < 1e-6, "{severity:?}: {share} and {row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grafana_and_the_page_say_the_same_of_a_bad_day() {
    let Some(database) = Database::empty().await else { return };
    sqlx::raw_sql(TABLES).execute(&database.owner).await.unwrap();
    let from: DateTime<Utc> = "2026-03-01T06:00:00Z".parse().unwrap();
    for seed in 1..=4 {
        let found = hold_against(&database, &bad_day(from, seed), from).await;
        let nothing: Vec<&str> =
            found.figures.iter().filter(|figure| figure.value.is_none_or(|value| value <= 0.0)).map(|figure| figure.code).collect();
        assert_eq!(nothing, ["stale"], "the day was not bad enough to compare");
    }
    hold_against(&database, &bad_day(from, 5)[..60], from).await;
}
