//! A child process under load: commits and appends, and says aloud what was acknowledged. And how its log is judged afterwards.

use crate::plant::{at, drafts, ledger, open, scan, scans, site};
use chrono::TimeDelta;
use millwright_domain::{
    Now, codec,
    envelope::StreamId,
    ports::event_log::{EventLog, LogError},
};
use millwright_infra::{
    EmbeddedLog, EmbeddedOptions, ManualClock,
    log::embedded::verify::{verify_ledger, verify_readings},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeMap,
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

pub const SITES: [&str; 3] = ["site-0", "site-1", "site-2"];
pub const DEVICES: [&str; 2] = ["plc-0", "plc-1"];

const DIR: &str = "MILLWRIGHT_TEST_LOAD_DIR";
const SEED: &str = "MILLWRIGHT_TEST_LOAD_SEED";
const STEPS: &str = "MILLWRIGHT_TEST_LOAD_STEPS";
const SYNCHRONOUS: &str = "MILLWRIGHT_TEST_LOAD_SYNCHRONOUS";

/// What a child is to do.
pub struct Load<'a> {
    pub dir: &'a Path,
    pub seed: u64,
    /// Commits and appends of each task; without an end if `None`.
    pub steps: Option<u64>,
    pub synchronous: bool,
}

impl Load<'_> {
    /// This very test program again, running nothing but [`the_child_of_other_tests`].
    pub fn command(&self) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "load::the_child_of_other_tests", "--nocapture", "--test-threads=1"]);
        command.env(DIR, self.dir).env(SEED, self.seed.to_string()).env(SYNCHRONOUS, self.synchronous.to_string());
        if let Some(steps) = self.steps {
            command.env(STEPS, steps.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }
}

/// Does nothing unless another test has started it as a process.
#[test]
fn the_child_of_other_tests() {
    let Some(dir) = env::var_os(DIR).map(PathBuf::from) else { return };
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let synchronous = env::var(SYNCHRONOUS).unwrap() == "true";
    let (seed, steps) = (number(SEED).unwrap(), number(STEPS).unwrap_or(u64::MAX));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work(&dir, seed, steps, synchronous));
}

async fn work(dir: &Path, seed: u64, steps: u64, synchronous: bool) {
    // Days pass and files are folded back all the time, so that these moments are met too.
    let clock = ManualClock::at(Now::both(at(0)));
    let options = EmbeddedOptions { synchronous, fold_back_after_pages: 16, clock: Arc::new(clock.clone()), ..EmbeddedOptions::default() };
    let log = match EmbeddedLog::open(dir, options) {
        Ok(log) => Arc::new(log),
        Err(error) => return say(&format!("refused opening: {error}")),
    };
    let before = Found::in_log(log.as_ref()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for (number, name) in SITES.into_iter().enumerate() {
        let (log, start, chance) = (log.clone(), before.count(name), StdRng::seed_from_u64(seed + number as u64));
        tasks.spawn(async move {
            if let Err(error) = decide(log.as_ref(), name, start, steps, chance).await {
                say(&format!("refused {name}: {error}"));
                assert!(log.own(&site(name), "child", at(0)).await.is_err(), "a writer that failed took more");
            }
        });
    }
    for (number, name) in DEVICES.into_iter().enumerate() {
        let (log, clock, start, chance) = (log.clone(), clock.clone(), before.count(name), StdRng::seed_from_u64(seed + 100 + number as u64));
        tasks.spawn(async move {
            if let Err(error) = measure(log.as_ref(), &clock, name, start, steps, chance).await {
                say(&format!("refused {name}: {error}"));
                assert!(log.append_readings(vec![scan(name, u64::MAX)]).await.is_err(), "a writer that failed took more");
            }
        });
    }
    tasks.join_all().await;
}

async fn decide(log: &EmbeddedLog, name: &str, mut next: u64, steps: u64, mut chance: StdRng) -> Result<(), LogError> {
    let mut owner = log.own(&site(name), "child", at(0)).await?;
    for _step in 0..steps {
        let size = chance.random_range(1..40);
        owner.commit(drafts(next..next + size), at(1)).await?;
        next += size;
        say(&format!("acknowledged {name} {next} ."));
    }
    Ok(())
}

async fn measure(log: &EmbeddedLog, clock: &ManualClock, name: &str, mut next: u64, steps: u64, mut chance: StdRng) -> Result<(), LogError> {
    for _step in 0..steps {
        let size = chance.random_range(1..200);
        if chance.random_bool(0.04) {
            clock.advance(TimeDelta::days(1));
        }
        log.append_readings((next..next + size).map(|number| scan(name, number)).collect()).await?;
        next += size;
        say(&format!("acknowledged {name} {next} ."));
    }
    Ok(())
}

/// One write a line, so that a kill leaves whole lines and at most one part of a line.
fn say(line: &str) {
    std::io::stdout().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}

/// The count that a line acknowledges, if it is whole.
pub fn heard(line: &str) -> Option<(String, u64)> {
    let mut words = line.strip_prefix("acknowledged ")?.split(' ');
    let (name, count) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
    (words.next() == Some(".")).then_some((name, count))
}

/// The last count acknowledged to each site and device.
pub fn acknowledged(lines: impl IntoIterator<Item = String>) -> BTreeMap<String, u64> {
    lines.into_iter().filter_map(|line| heard(&line)).collect()
}

/// How many facts of each site and scans of each device there are; each must be there once and in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found(BTreeMap<String, u64>);

impl Found {
    pub fn count(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }
    fn take(&mut self, name: &str, number: u64) -> Result<(), String> {
        let count = self.0.entry(name.to_owned()).or_default();
        if number != *count {
            return Err(format!("{name} has number {number} where {count} belongs"));
        }
        *count += 1;
        Ok(())
    }

    pub async fn in_log(log: &EmbeddedLog) -> Result<Self, String> {
        let mut found = Self::default();
        for name in SITES {
            for record in ledger(log, &site(name)).await.map_err(|error| error.to_string())? {
                let fact = codec::decode(&record.bytes).map_err(|error| error.to_string())?;
                if fact.stream == StreamId::site() {
                    found.take(name, fact.id.0.as_u128() as u64)?;
                }
            }
        }
        for scan in scans(log).await.map_err(|error| error.to_string())? {
            found.take(scan.device.as_str(), scan.scan)?;
        }
        Ok(found)
    }
}

/// Opens what a child left: everything acknowledged is there, nothing twice, and the log verifies.
pub async fn judge(dir: &Path, acknowledged: &BTreeMap<String, u64>) -> Result<(), String> {
    let log = open(dir).map_err(|error| error.to_string())?;
    let found = Found::in_log(&log).await?;
    log.close().await;
    for (name, count) in acknowledged {
        if found.count(name) < *count {
            return Err(format!("{name} was acknowledged up to {count} and is there up to {}", found.count(name)));
        }
    }
    let verified = [verify_ledger(dir, &mut |_| {}), verify_readings(dir, &mut |_| {})];
    for verified in verified {
        let findings = verified.map_err(|error| error.to_string())?.findings;
        if !findings.is_empty() {
            return Err(format!("{findings:?}"));
        }
    }
    Ok(())
}
