//! A small program under load: a dispatcher with a few clients and two devices. It says aloud what was acknowledged, until it is killed.

use millwright_commands::{Ask, Command as Asked, Commands, RaiseAlert, RecordOutcome, SetBudget, Surroundings};
use millwright_domain::{
    Timestamp,
    action::Observed,
    budget::BudgetSet,
    case::{AlertRaised, Outcome, Severity},
    ids::{CaseId, CommandId, SignalId, SiteId},
    ports::{event_log::EventLog, live_readings::LiveReadings},
    position::PartitionId,
    reading::{Reading, Scan},
};
use millwright_infra::{
    answers::AnswerIndex,
    clock::SystemClock,
    log::{
        embedded::{EmbeddedLog, EmbeddedOptions},
        kafka::{KafkaLog, KafkaOptions, topics},
    },
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};
use uuid::Uuid;

pub const CLIENTS: usize = 4;
pub const DEVICES: [&str; 2] = ["plc-0", "plc-1"];
/// So many of the commands that were answered last are asked again by the next life.
const ASKED_AGAIN: u64 = 3;
const LOAD: &str = "LOADER";

/// Where a log is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Place {
    pub dir: PathBuf,
    /// Bootstrap and prefix.
    pub kafka: Option<(String, String)>,
}

impl Place {
    pub fn embedded(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), kafka: None }
    }
    /// Topics of its own on a broker.
    pub async fn on_kafka(dir: &Path, bootstrap: &str) -> Self {
        let place = Self { dir: dir.to_path_buf(), kafka: Some((bootstrap.to_string(), format!("kills-{}", Uuid::new_v4().simple()))) };
        topics::init(&place.kafka_options("index.db").unwrap()).await.unwrap();
        place
    }
    fn kafka_options(&self, index: &str) -> Option<KafkaOptions> {
        let (bootstrap, prefix) = self.kafka.clone()?;
        let index = self.dir.join(index);
        Some(KafkaOptions {
            bootstrap,
            prefix,
            ledger_partitions: 1,
            readings_partitions: 1,
            replication: 1,
            min_insync: 1,
            index,
            ..KafkaOptions::default()
        })
    }
    async fn open(&self) -> Arc<dyn EventLog> {
        match self.kafka_options("index.db") {
            Some(options) => Arc::new(KafkaLog::open(options).await.unwrap()),
            None => {
                // Files are folded back all the time, so that these moments are met, too.
                let options = EmbeddedOptions { fold_back_after_pages: 32, ..EmbeddedOptions::default() };
                Arc::new(EmbeddedLog::open(self.dir.join("log"), options).unwrap())
            }
        }
    }
    pub async fn open_to_read(&self) -> Arc<dyn EventLog> {
        match self.kafka_options("reader.db") {
            Some(options) => Arc::new(KafkaLog::open(options).await.unwrap()),
            None => Arc::new(EmbeddedLog::open_read_only(self.dir.join("log")).unwrap()),
        }
    }
}

pub fn site() -> PartitionId {
    PartitionId::site(&"demo".parse().unwrap())
}
pub fn command_id(client: usize, number: u64) -> CommandId {
    CommandId(Uuid::from_u128((client as u128 + 1) << 64 | u128::from(number)))
}

/// What a child is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Load {
    pub place: Place,
    pub seed: u64,
    /// Of this life of the program; also the epoch of its devices.
    pub number: u64,
    /// Each client's next command.
    pub from: [u64; CLIENTS],
    /// Each client's end; none works until it is killed.
    pub until: Option<[u64; CLIENTS]>,
}

impl Load {
    /// This very test program again, running nothing but [`the_child_of_other_tests`].
    pub fn command(&self) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "kills::loader::the_child_of_other_tests", "--nocapture", "--test-threads=1"]);
        command.env(LOAD, serde_json::to_string(self).unwrap()).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }
}

/// What was acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Answered {
        client: usize,
        number: u64,
        answer: String,
    },
    /// So many scans of the device in this life.
    Appended {
        device: String,
        life: u64,
        count: u64,
    },
}

impl Heard {
    /// Of a whole line; a kill may leave a part of one.
    pub fn in_line(line: &str) -> Option<Self> {
        let mut words = line.strip_suffix(" .")?.splitn(4, ' ');
        match (words.next()?, words.next()?, words.next()?.parse().ok()?, words.next()?) {
            ("answered", client, number, answer) => Some(Self::Answered { client: client.parse().ok()?, number, answer: answer.into() }),
            ("appended", device, life, count) => Some(Self::Appended { device: device.into(), life, count: count.parse().ok()? }),
            _ => None,
        }
    }
}

/// Does nothing unless another test has started it as a process.
#[test]
fn the_child_of_other_tests() {
    let Ok(load) = env::var(LOAD) else { return };
    let load: Load = serde_json::from_str(&load).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work(load));
}

async fn work(load: Load) {
    let log = load.place.open().await;
    let commands = Commands::new(Surroundings {
        log: log.clone(),
        answers: Arc::new(AnswerIndex::open(load.place.dir.join("answers.db")).unwrap()),
        clock: Arc::new(SystemClock),
        live: Arc::new(NothingLive),
        cluster: None,
        owner: format!("life {}", load.number),
    });
    // The one before may not be given up yet: the real program, too, asks again.
    let mut tries = 0;
    while let Err(error) = commands.serve(site()).await {
        tries += 1;
        eprintln!("try {tries}: {error:?}");
        assert!(tries < 10, "the partition could not be taken over");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let until = load.until.map(|until| until[client]);
        clients.spawn(ask(commands.clone(), client, load.from[client].saturating_sub(ASKED_AGAIN), until));
    }
    if load.until.is_none() {
        for (device, number) in DEVICES.into_iter().zip(0..) {
            clients.spawn(measure(log.clone(), device, load.number, StdRng::seed_from_u64(load.seed << 8 | number)));
        }
    }
    clients.join_all().await;
    commands.stop().await;
}

async fn ask(commands: Commands, client: usize, from: u64, until: Option<u64>) {
    for number in from..until.unwrap_or(u64::MAX) {
        let (by, command) = command(client, number);
        let ask = Ask::new(by.parse().unwrap(), command).with_id(command_id(client, number));
        let answered = commands.ask(&site(), ask).await.unwrap();
        say(&format!("answered {client} {number} {} .", serde_json::to_string(&answered.answer).unwrap()));
    }
}

/// Done, refused, or so already: what it is follows from its number.
fn command(client: usize, number: u64) -> (&'static str, Asked) {
    match number % 4 {
        0 | 1 => {
            // Twice the same, so that every other is so already.
            let limits = BudgetSet::of(1_000 + number / 4, 9_000);
            ("ann", SetBudget { scope: format!("client-{client}"), limits }.into())
        }
        2 => {
            let asset = format!("pump-{client}").parse().unwrap();
            let alert = AlertRaised::new(asset, "drift", Severity::High);
            ("svc-monitor", RaiseAlert { alert }.into())
        }
        _ => {
            let case = CaseId(Uuid::nil());
            ("ann", RecordOutcome { case, outcome: Outcome::Repaired, true_cause: None, note: None, evidence: vec![] }.into())
        }
    }
}

async fn measure(log: Arc<dyn EventLog>, device: &str, life: u64, mut chance: StdRng) {
    let mut count = 0;
    loop {
        let next = count + chance.random_range(1..40);
        log.append_readings((count..next).map(|number| scan(device, life, number)).collect()).await.unwrap();
        count = next;
        say(&format!("appended {device} {life} {count} ."));
    }
}

fn scan(device: &str, epoch: u64, number: u64) -> Scan {
    let readings = (0..8).map(|signal| Reading::measured(format!("{device}/s{signal}").parse().unwrap(), number as f64)).collect();
    let at = Timestamp::from_secs(1_790_000_000 + number as i64);
    Scan { site: "demo".parse().unwrap(), device: device.parse().unwrap(), epoch, scan: number, scanned_at: at, received_at: at, readings }
}

/// One write a line, so that a kill leaves whole lines and at most one part of a line.
fn say(line: &str) {
    std::io::stdout().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}

struct NothingLive;

impl LiveReadings for NothingLive {
    fn latest(&self, _: &SiteId, _: &SignalId) -> Option<Observed> {
        None
    }
}
