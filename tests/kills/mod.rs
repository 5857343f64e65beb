//! The dispatcher on its log, killed at any moment: what it acknowledged is there, once, and is answered again as before.
//!
//! `make nightly KILLS=10000 ENGINE=both` runs many; docs/endurance.md keeps the count. A seed is the number of its kill: the moment, the
//! load and the log it belongs to follow from it.

mod judge;
mod loader;
mod night;

use judge::Judge;
use loader::{CLIENTS, Heard, Load, Place};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    io::{BufRead, BufReader},
    process::{Child, ExitStatus},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// A log lives through so many kills before a new one is begun.
pub const KILLS_A_LOG: u64 = 20;
/// Longer than any start takes, on a machine with other work, too.
const BEGINS_WITHIN: Duration = Duration::from_secs(90);

/// When a child dies: after it has begun to work, or wherever its start happens to be.
#[derive(Debug, Clone, Copy)]
enum Death {
    AtWork(Duration),
    AtStart(Duration),
}

impl Death {
    fn chosen(seed: u64, place: &Place) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let (work_ms, start_ms) = if place.kafka.is_some() { (200, 1_500) } else { (120, 250) };
        match chance.random_bool(0.8) {
            true => Self::AtWork(Duration::from_micros(chance.random_range(0..work_ms * 1_000))),
            false => Self::AtStart(Duration::from_micros(chance.random_range(0..start_ms * 1_000))),
        }
    }
}

/// One log and the children that die on it.
struct Life {
    place: Place,
    judge: Judge,
    /// Where each client goes on: a few before the last answer it has heard.
    from: [u64; CLIENTS],
    number: u64,
}

impl Life {
    async fn begin(place: Place) -> Self {
        let judge = Judge::of(place.clone()).await;
        Self { place, judge, from: [0; CLIENTS], number: 0 }
    }

    fn load(&mut self, seed: u64, new_commands: bool) -> Load {
        self.number += 1;
        let from = if new_commands { self.from } else { [0; CLIENTS] };
        Load { place: self.place.clone(), seed, number: self.number, from, until: (!new_commands).then_some(self.from) }
    }

    /// Lets a child work, kills it, and looks at what it left.
    async fn kill(&mut self, seed: u64) -> Result<(), String> {
        let death = Death::chosen(seed, &self.place);
        let load = self.load(seed, true);
        let heard = run_and_kill(&load, death).map_err(|why| format!("{death:?}: {why}"))?;
        self.take(heard).await.map_err(|why| format!("{death:?}: {why}"))
    }

    /// Asks everything again that was ever answered, and looks at every byte of the log.
    async fn end(mut self, seed: u64) -> Result<(), String> {
        let load = self.load(seed, false);
        let (heard, status) = run_to_its_end(&load)?;
        self.take(heard).await?;
        if !status.success() {
            return Err(format!("the last start ended with {status}"));
        }
        self.judge.verify().await
    }

    async fn take(&mut self, heard: Vec<Heard>) -> Result<(), String> {
        for one in heard {
            if let Heard::Answered { client, number, .. } = one {
                self.from[client] = self.from[client].max(number + 1);
            }
            self.judge.hear(one)?;
        }
        self.judge.look().await
    }
}

struct Running {
    child: Child,
    hearing: Receiver<Heard>,
    listener: JoinHandle<()>,
}

fn run(load: &Load) -> Running {
    let mut child = load.command().spawn().unwrap();
    let (said, hearing) = mpsc::channel();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listener =
        std::thread::spawn(move || lines.map_while(Result::ok).filter_map(|line| Heard::in_line(&line)).for_each(|one| said.send(one).unwrap()));
    Running { child, hearing, listener }
}

fn run_and_kill(load: &Load, death: Death) -> Result<Vec<Heard>, String> {
    let Running { mut child, hearing, listener } = run(load);
    let begun = Instant::now();
    let mut heard = vec![];
    let dies_at = match death {
        Death::AtStart(after) => begun + after,
        Death::AtWork(after) => {
            match hearing.recv_timeout(BEGINS_WITHIN) {
                Ok(first) => heard.push(first),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(format!("the program ended by itself, {:?}", child.wait())),
            }
            Instant::now() + after
        }
    };
    let idle = heard.is_empty() && matches!(death, Death::AtWork(_));
    loop {
        match hearing.recv_timeout(dies_at.saturating_duration_since(Instant::now())) {
            Ok(one) => heard.push(one),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return Err(format!("the program ended by itself, {:?}", child.wait())),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    heard.extend(hearing.iter());
    listener.join().unwrap();
    if idle { Err(format!("nothing was answered within {} s", BEGINS_WITHIN.as_secs())) } else { Ok(heard) }
}

fn run_to_its_end(load: &Load) -> Result<(Vec<Heard>, ExitStatus), String> {
    let Running { mut child, hearing, listener } = run(load);
    let mut heard = vec![];
    loop {
        match hearing.recv_timeout(BEGINS_WITHIN) {
            Ok(one) => heard.push(one),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                child.kill().unwrap();
                child.wait().unwrap();
                return Err(format!("the last start said nothing for {} s", BEGINS_WITHIN.as_secs()));
            }
        }
    }
    listener.join().unwrap();
    Ok((heard, child.wait().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_take_back_no_answer_and_give_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut life = Life::begin(Place::embedded(folder.path())).await;
    for seed in 0..KILLS_A_LOG {
        life.kill(seed).await.unwrap_or_else(|why| panic!("kill {seed}: {why}"));
    }
    assert!(life.judge.answers() >= KILLS_A_LOG as usize, "the children hardly worked: {} answers", life.judge.answers());
    life.end(0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_or_changed_and_a_scan_that_is_missing_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let begun = async || {
        let mut life = Life::begin(Place::embedded(folder.path())).await;
        let load = Load { until: Some([8; CLIENTS]), ..life.load(0, false) };
        life.take(run_to_its_end(&load).unwrap().0).await.unwrap();
        life
    };
    let answer = |number, answer: &str| Heard::Answered { client: 0, number, answer: answer.into() };
    let lost = begun().await.take(vec![answer(8, "\"already_so\"")]).await.unwrap_err();
    assert!(lost.contains("is on the log as None"), "{lost}");
    let changed = begun().await.take(vec![answer(0, "\"already_so\"")]).await.unwrap_err();
    assert!(changed.contains("and then \"already_so\""), "{changed}");
    let missing = begun().await.take(vec![Heard::Appended { device: "plc-0".into(), life: 1, count: 1 }]).await.unwrap_err();
    assert!(missing.contains("1 scans of plc-0 were acknowledged in life 1"), "{missing}");
}
