//! A night of kills: several logs at once, progress and time left, a count that survives the end of the night.

use super::{KILLS_A_LOG, Life, Place};
use crate::cluster::servers::Kafka;
use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// What is said how it goes is said so often.
const SAYS_EVERY: Duration = Duration::from_secs(10);

/// How far the nights have come; also a file, one line: kills, failures, the next seed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Count {
    kills: u64,
    failures: u64,
    next_seed: u64,
}

impl Count {
    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a count that an earlier night wrote"));
        let mut next = || numbers.next().unwrap_or(0);
        Self { kills: next(), failures: next(), next_seed: next() }
    }
    fn write(&self, file: &Path) {
        let written = file.with_extension("new");
        fs::write(&written, format!("{} {} {}\n", self.kills, self.failures, self.next_seed)).unwrap();
        fs::rename(written, file).unwrap();
    }
}

struct Night {
    engine: &'static str,
    bootstrap: Option<String>,
    goal: u64,
    ends: Option<Instant>,
    file: PathBuf,
    count: Mutex<Count>,
    begun: Instant,
    kills_before: u64,
    said: Mutex<Instant>,
}

impl Night {
    fn new(engine: &'static str, bootstrap: Option<String>, goal: u64) -> Self {
        let folder = env::var("COUNTS").map_or_else(|_| env::temp_dir().join(format!("millwright-kills-{}", Uuid::new_v4())), PathBuf::from);
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(engine);
        let count = Count::read(&file);
        let minutes: Option<u64> = env::var("MINUTES").ok().filter(|text| !text.is_empty()).map(|text| text.parse().expect("MINUTES is a number"));
        let begun = Instant::now();
        let ends = minutes.map(|minutes| begun + Duration::from_secs(minutes * 60));
        Self { engine, bootstrap, goal, ends, file, count: Mutex::new(count), begun, kills_before: count.kills, said: Mutex::new(begun) }
    }

    /// The first seed of a log of its own, unless there is enough.
    fn next_log(&self) -> Option<u64> {
        if self.has_enough() {
            return None;
        }
        let mut count = self.count.lock().unwrap();
        let first = count.next_seed;
        count.next_seed += KILLS_A_LOG;
        Some(first)
    }
    fn has_enough(&self) -> bool {
        self.ends.is_some_and(|ends| Instant::now() > ends) || self.count.lock().unwrap().kills >= self.goal
    }

    fn counted(&self, failure: Option<String>) {
        let mut count = self.count.lock().unwrap();
        count.kills += 1;
        if let Some(why) = failure {
            count.failures += 1;
            eprintln!("FAILED {}: {why}", self.engine);
        }
        count.write(&self.file);
        let mut said = self.said.lock().unwrap();
        if said.elapsed() > SAYS_EVERY || count.kills == self.goal {
            *said = Instant::now();
            let rate = (count.kills - self.kills_before) as f64 / self.begun.elapsed().as_secs_f64();
            let left = self.goal.saturating_sub(count.kills) as f64 / rate / 60.0;
            let Count { kills, failures, .. } = *count;
            eprintln!("{}: {kills} of {} kills, {failures} failures, {:.0} a minute, about {left:.0} min to go", self.engine, self.goal, rate * 60.0);
        }
    }

    /// One log after the other, until there is enough.
    async fn work(&self) {
        while let Some(first) = self.next_log() {
            let folder = tempfile::tempdir().unwrap();
            let place = match &self.bootstrap {
                Some(bootstrap) => Place::on_kafka(folder.path(), bootstrap).await,
                None => Place::embedded(folder.path()),
            };
            let mut life = Life::begin(place.clone()).await;
            let mut failed = None;
            for seed in first..first + KILLS_A_LOG {
                failed = life.kill(seed).await.err().map(|why| format!("kill {seed}: {why}"));
                // The whole log is looked at together with the last kill of it.
                let is_last = seed + 1 == first + KILLS_A_LOG || self.has_enough();
                if failed.is_some() || is_last {
                    if failed.is_none() {
                        failed = life.end(seed).await.err().map(|why| format!("after kill {seed}: {why}"));
                    }
                    self.counted(failed.clone());
                    break;
                }
                self.counted(None);
            }
            if failed.is_some() {
                eprintln!("the log from seed {first} on is kept: {place:?} {}", folder.keep().display());
            }
        }
    }
}

async fn kills(engine: &'static str, bootstrap: Option<String>, goal: u64, logs_at_once: usize) {
    let night = Arc::new(Night::new(engine, bootstrap, goal));
    let mut at_once = vec![];
    for _ in 0..logs_at_once {
        let night = night.clone();
        // A kill waits for its process: each log has a thread of its own.
        at_once.push(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(night.work());
        }));
    }
    at_once.into_iter().for_each(|thread| thread.join().unwrap());
    let count = *night.count.lock().unwrap();
    assert_eq!(count.failures, 0, "{count:?}");
    assert!(count.kills > night.kills_before, "nothing was killed");
}

/// `KILLS`, or so many that a long test run can wait for them.
fn goal(otherwise: u64) -> u64 {
    env::var("KILLS").map_or(otherwise, |text| text.parse().expect("KILLS is a number"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: as many kills as KILLS says, 500 if it does not"]
async fn a_night_of_kills_on_the_embedded_log() {
    kills("embedded", None, goal(500), 2).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: as many kills as KILLS says, 100 if it does not"]
async fn a_night_of_kills_on_kafka() {
    let Some(kafka) = Kafka::shared().await else { return };
    kills("kafka", Some(kafka.bootstrap), goal(100), 3).await;
}
