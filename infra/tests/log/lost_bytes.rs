//! A disk that forgets whatever was not synced, at any moment: nothing acknowledged is missing afterwards.
//!
//! A child runs once under the recorder. Then, for many moments of its life, the directory is rebuilt as such a disk would hold it.

use crate::{
    load::{Load, acknowledged, judge},
    recorder::{self, Survival, lines_said},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

const SEED: u64 = 41;

/// Lets a child live once and die at `moments` moments; says for how many of them its log was not what it should be.
async fn dies(synchronous: bool, steps: u64, moments: u32) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let load = Load { dir: &dir.path().join("log"), seed: SEED, steps: Some(steps), synchronous };
    let entries = recorder::record(load.command(), load.dir, &[]).entries;
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut lost = Vec::new();
    for number in 0..moments {
        let moment = chance.random_range(0..=entries.len());
        let survival = if number % 2 == 0 { Survival::Nothing } else { Survival::Half(chance.random()) };
        let disk = tempfile::tempdir().unwrap();
        recorder::rebuild(&entries[..moment], load.dir, disk.path(), survival);
        if let Err(why) = judge(disk.path(), &acknowledged(lines_said(&entries[..moment]))).await {
            lost.push(format!("at entry {moment} of {}, {survival:?} (seed {SEED}): {why}", entries.len()));
        }
    }
    lost
}

#[tokio::test]
async fn a_disk_that_forgets_what_was_not_synced_loses_nothing_acknowledged() {
    assert_eq!(dies(true, 15, 40).await, Vec::<String>::new());
}

#[tokio::test]
async fn without_syncing_the_very_same_test_finds_the_loss() {
    let lost = dies(false, 15, 10).await;
    assert!(lost.len() >= 5, "the test would not notice a log that never syncs: {lost:?}");
}

#[tokio::test]
#[ignore = "long: 1,000 moments take minutes"]
async fn a_thousand_moments_of_a_forgetful_disk_lose_nothing_acknowledged() {
    assert_eq!(dies(true, 60, 1_000).await, Vec::<String>::new());
}
