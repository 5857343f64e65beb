//! A day that nobody watches, in time-lapse: machine faults hour by hour, and the program killed, stopped, paused and cut off meanwhile.
//!
//! The seed is printed; `SOAK_SEED=7` plays that day again. `SOAK_SPEED` sets how many times as fast as life.

mod day;
mod judge;
mod lapse;
mod operator;

use crate::cluster::{
    plant::counter_of_writes,
    proxy::Proxy,
    servers::{Kafka, Postgres},
};
use day::{Blow, Stretch};
use judge::{Judge, files_have_their_reasons};
pub use lapse::free_address;
use lapse::{How, Lapse, Size};
use millwright_infra::log::kafka::KafkaOptions;
use millwright_projections::{Place, Postgres as At};
use operator::Operator;
use std::{
    collections::BTreeMap,
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use uuid::Uuid;

const HOUR_S: f64 = 3_600.0;
const LOOKS_EVERY: Duration = Duration::from_millis(150);
/// What a process may take more at its end than an hour of the plant after its start.
const MORE_MEMORY: u64 = 64 << 10;
const MORE_FILES: usize = 16;

struct Soak {
    how: How,
    judge: Judge,
    servers: Option<(Kafka, Postgres)>,
    wire: Proxy,
    writes: Arc<AtomicU64>,
    operator: Operator,
    program: Option<Lapse>,
    /// Plant seconds behind us, without those of the script that plays now.
    before_s: f64,
    elapsed_s: f64,
    /// What the process that runs now took up, by plant seconds since it began.
    sizes: Vec<(f64, Size)>,
    begun_at_s: f64,
    told: Told,
    folder: Option<TempDir>,
}

impl Drop for Soak {
    /// What a failure leaves is kept to be looked at.
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            eprintln!("what it left is kept at {}", folder.keep().display());
        }
    }
}

#[derive(Debug, Default)]
struct Told {
    blows: BTreeMap<String, u32>,
    starts: u32,
    faults: u32,
}

impl Soak {
    async fn new(seed: u64, speed: f64, servers: Option<(Kafka, Postgres)>) -> Self {
        let folder = tempfile::Builder::new().prefix("millwright-soak-").tempdir().unwrap();
        let writes = Arc::<AtomicU64>::default();
        let wire = Proxy::looking(counter_of_writes(writes.clone())).await;
        let plant = free_address();
        wire.lead_to(plant);
        let mut how = How { folder: folder.path().to_path_buf(), settings: BTreeMap::new(), speed, seed, plant, wire: wire.address };
        let mut judge = Judge { kafka: None, projections: Place::Folder(how.data().join("projections")) };
        if let Some((kafka, postgres)) = &servers {
            let prefix = format!("soak-{}", Uuid::new_v4().simple());
            let settings = [
                ("LOG__ENGINE", "kafka"),
                ("KAFKA__BOOTSTRAP", &kafka.bootstrap),
                ("KAFKA__PREFIX", &prefix),
                ("KAFKA__LEDGER_PARTITIONS", "2"),
                ("KAFKA__READINGS_PARTITIONS", "2"),
                ("CLUSTER__NODE", "soak"),
                ("PROJECTIONS__POSTGRES", &postgres.url),
            ];
            how.settings.extend(settings.map(|(name, value)| (format!("MILLWRIGHT_{name}"), value.to_string())));
            judge.kafka = Some(KafkaOptions {
                bootstrap: kafka.bootstrap.clone(),
                prefix,
                ledger_partitions: 2,
                readings_partitions: 2,
                replication: 1,
                min_insync: 1,
                index: folder.path().join("judge.db"),
                ..KafkaOptions::default()
            });
            judge.projections = Place::Postgres(At::at(&postgres.url).unwrap());
            how.told(&["kafka", "init"]);
        }
        Self {
            how,
            judge,
            servers,
            wire,
            writes,
            operator: Operator::new(),
            program: None,
            before_s: 0.0,
            elapsed_s: 0.0,
            sizes: vec![],
            begun_at_s: 0.0,
            told: Told::default(),
            folder: Some(folder),
        }
    }

    fn program(&self) -> &Lapse {
        self.program.as_ref().expect("it runs")
    }
    fn passed_s(&self) -> f64 {
        self.before_s + self.elapsed_s
    }
    /// Another script begins.
    fn turn_the_page(&mut self) {
        self.before_s += std::mem::take(&mut self.elapsed_s);
    }

    async fn start(&mut self, stretch: &Stretch) {
        self.turn_the_page();
        self.program = Some(Lapse::start(&self.how, stretch).await);
        self.begun_at_s = self.passed_s();
        self.sizes.clear();
        self.told.starts += 1;
        self.operator.ask_again(self.program.as_ref().expect("it was started")).await;
    }

    async fn live_through(&mut self, stretch: &Stretch) {
        self.turn_the_page();
        if self.program().load(stretch).await.is_err() {
            // What it leans on is never away between two stretches.
            panic!("the script could not be loaded: {}", lapse::last_lines(&self.how.log()));
        }
        let mut blows = stretch.blows.iter();
        let mut next = blows.next();
        while self.elapsed_s < stretch.lasts_s || next.is_some() {
            tokio::time::sleep(LOOKS_EVERY).await;
            self.elapsed_s = self.program().elapsed_s().await.unwrap_or(self.elapsed_s);
            self.sizes.push((self.passed_s() - self.begun_at_s, self.program().size()));
            self.operator.look(self.program.as_ref().expect("it runs")).await;
            if let Some((at_s, blow)) = next
                && self.elapsed_s >= *at_s
            {
                self.strike(*blow, stretch).await;
                next = blows.next();
            }
        }
        if let Some(fault) = stretch.fault {
            let named = &self.operator.named;
            assert!(named.contains(fault), "{fault} was named by no case, only {named:?}: {}", lapse::last_lines(&self.how.log()));
            self.told.faults += 1;
        }
        self.operator.clear_up(self.program.as_ref().expect("it runs")).await;
    }

    async fn strike(&mut self, blow: Blow, stretch: &Stretch) {
        eprintln!("{:.1} h: {blow:?} at {:.0} s of {}", self.passed_s() / HOUR_S, self.elapsed_s, stretch.fault.unwrap_or("quiet"));
        let name = format!("{blow:?}");
        *self.told.blows.entry(name.split(' ').next().unwrap().to_string()).or_default() += 1;
        let wait = |seconds| tokio::time::sleep(Duration::from_secs_f64(seconds));
        match blow {
            Blow::Kill => self.program.take().expect("it runs").kill(),
            Blow::Terminate => self.program.take().expect("it runs").terminate().await,
            Blow::Pause { seconds } => self.program().pause(seconds).await,
            Blow::CutWire { seconds } => {
                self.wire.cut();
                wait(seconds).await;
                self.wire.mend();
            }
            Blow::BrokerKilled { seconds } => {
                let (kafka, _) = self.servers.as_ref().expect("there is a broker");
                kafka.kill(1).await;
                wait(seconds).await;
                kafka.start(1).await;
            }
            Blow::PostgresKilled { seconds } => {
                let (_, postgres) = self.servers.as_ref().expect("there is a Postgres");
                postgres.kill().await;
                wait(seconds).await;
                postgres.start().await;
            }
        }
        if blow.ends_the_program() {
            self.look(false).await;
            self.start(stretch).await;
        }
    }

    async fn look(&self, at_the_end: bool) -> judge::Found {
        self.judge.look(&self.how, &self.operator.acknowledged, self.writes.load(Ordering::SeqCst), at_the_end).await
    }

    /// The last process has lived longest: what it takes up now, and took up an hour after its start.
    fn grew_in_bounds(&self) {
        let (Some((from_s, first)), Some((to_s, last))) = (self.sizes.iter().find(|(at_s, _)| *at_s >= HOUR_S), self.sizes.last()) else { return };
        eprintln!("from {:.1} h to {:.1} h after its start: {first:?} became {last:?}", from_s / HOUR_S, to_s / HOUR_S);
        let most = first.resident_kb * 3 / 2 + MORE_MEMORY;
        assert!(last.resident_kb <= most, "{} KB of memory, {} after an hour", last.resident_kb, first.resident_kb);
        assert!(last.files <= first.files + MORE_FILES, "{} open files, {} after an hour", last.files, first.files);
        assert!(last.threads <= first.threads + 16, "{} threads, {} after an hour", last.threads, first.threads);
    }

    async fn live(mut self, day: Vec<Stretch>) {
        let begun = Instant::now();
        self.start(&day[0]).await;
        for (number, stretch) in day.iter().enumerate() {
            self.live_through(stretch).await;
            let (hours, size) = (self.passed_s() / HOUR_S, self.program().size());
            let (wall, closed, acknowledged) = (begun.elapsed().as_secs(), self.operator.closed, self.operator.acknowledged.len());
            eprintln!("{hours:.1} h in {wall} s, stretch {} of {}: {closed} cases closed, {acknowledged} answers, {size:?}", number + 1, day.len());
        }
        self.grew_in_bounds();
        self.program.take().expect("it runs").terminate().await;
        let found = self.look(true).await;
        files_have_their_reasons(&self.how, &found);
        let said = std::fs::read_to_string(self.how.log()).unwrap();
        assert!(!said.contains("panicked"), "{said}");
        let (hours, writes) = (self.passed_s() / HOUR_S, self.writes.load(Ordering::SeqCst));
        let judge::Found { facts, scans, begun: actions, writes_begun } = found;
        let (wall, Told { blows, starts, faults }) = (begun.elapsed().as_secs(), &self.told);
        eprintln!("{hours:.1} hours of the plant in {wall} s: {starts} starts, {blows:?}, {faults} machine faults, each named by a case");
        eprintln!("{facts} facts, {scans} scans, {actions} actions begun, {writes_begun} of them writes, {writes} writes over the wire");
        assert!(self.operator.closed > 0 && writes > 0, "nothing was done all day");
    }
}

fn number(name: &str, otherwise: f64) -> f64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

/// By the clock, unless it is given: every night is another day.
fn seed() -> u64 {
    let seed = number("SOAK_SEED", (chrono::Utc::now().timestamp() % 1_000_000) as f64) as u64;
    eprintln!("SOAK_SEED={seed}");
    seed
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_minutes_with_one_of_each_fault_leave_everything_whole() {
    Soak::new(1, 60.0, None).await.live(day::twenty_minutes()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: 24 hours in time-lapse take about 25 minutes"]
async fn a_day_on_the_embedded_log_leaves_everything_whole() {
    let seed = seed();
    Soak::new(seed, number("SOAK_SPEED", 72.0), None).await.live(day::hours(seed, 24, false)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: 24 hours in time-lapse take about 25 minutes"]
async fn a_day_on_kafka_and_postgres_leaves_everything_whole() {
    let Some(kafka) = Kafka::own().await else { return };
    let Some(postgres) = Postgres::own().await else { return };
    let seed = seed();
    Soak::new(seed, number("SOAK_SPEED", 72.0), Some((kafka, postgres))).await.live(day::hours(seed, 24, true)).await;
}
