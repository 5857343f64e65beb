//! A process killed at any moment: nothing it acknowledged is missing afterwards, and nothing is there twice.

use crate::load::{Load, heard, judge};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};

const SEED: u64 = 2_026;
/// A log lives through so many kills before a new one is begun.
const KILLS_A_LOG: u64 = 5;

/// When a child dies: after it has begun to work, or wherever its start happens to be.
#[derive(Debug, Clone, Copy)]
enum Death {
    AtWork(Duration),
    AtStart(Duration),
}

fn chosen(chance: &mut StdRng) -> Death {
    let after = Duration::from_micros(chance.random_range(0..150_000));
    if chance.random_bool(0.75) { Death::AtWork(after) } else { Death::AtStart(after) }
}

/// Runs a child to its death and returns what it acknowledged.
fn run_and_kill(dir: &Path, seed: u64, death: Death) -> BTreeMap<String, u64> {
    let load = Load { dir, seed, steps: None, synchronous: true };
    let mut child = load.command().spawn().unwrap();
    let begun = Instant::now();
    let (said, hearing) = mpsc::channel();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listener = std::thread::spawn(move || lines.map_while(Result::ok).filter_map(|line| heard(&line)).for_each(|ack| said.send(ack).unwrap()));
    let mut acknowledged = BTreeMap::new();
    let dies_at = match death {
        Death::AtStart(after) => begun + after,
        Death::AtWork(after) => {
            acknowledged.extend([hearing.recv_timeout(Duration::from_secs(30)).unwrap()]);
            Instant::now() + after
        }
    };
    while let Ok(ack) = hearing.recv_timeout(dies_at.saturating_duration_since(Instant::now())) {
        acknowledged.extend([ack]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(hearing.iter());
    listener.join().unwrap();
    acknowledged
}

async fn survives(kills: u64) {
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut dir = tempfile::tempdir().unwrap();
    let (mut ever, mut total) = (BTreeMap::new(), 0);
    for kill in 0..kills {
        if kill % KILLS_A_LOG == 0 {
            dir = tempfile::tempdir().unwrap();
            ever.clear();
        }
        let death = chosen(&mut chance);
        let acknowledged = run_and_kill(dir.path(), SEED + kill, death);
        total += acknowledged.len();
        ever.extend(acknowledged);
        if let Err(lost) = judge(dir.path(), &ever).await {
            panic!("kill {kill} (seed {SEED}, {death:?}): {lost}; the log is kept at {}", dir.keep().display());
        }
    }
    assert!(total as u64 >= kills, "the children hardly worked: {total} acknowledgements in {kills} kills");
}

#[tokio::test]
async fn twenty_kills_lose_nothing_and_repeat_nothing() {
    survives(20).await;
}

#[tokio::test]
#[ignore = "long: 200 kills take minutes"]
async fn two_hundred_kills_lose_nothing_and_repeat_nothing() {
    survives(200).await;
}
