//! A soak of the field: the whole program collects over every protocol while machines, brokers and the program itself are killed and paused.
//!
//! The machines serve numbers that grow, so that what is missing can be counted; what is missing must be on record. The seed is printed;
//! `FIELD_SEED=7` plays it again.

mod blows;
#[path = "../../ingest/tests/support/broker.rs"]
mod broker;
mod judge;
mod machines;
#[path = "../../ingest/tests/support/peer.rs"]
mod peer;

use crate::{
    cluster::{node::Node, servers::Kafka, told, until},
    program::millwright,
};
use blows::{Blow, schedule};
use judge::Judge;
use machines::Machines;
use millwright_infra::log::kafka::KafkaOptions;
use peer::python;
use std::{
    collections::BTreeMap,
    env,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// After the last blow everything has to be collected again.
const SETTLES_WITHIN: Duration = Duration::from_secs(45);

struct Soak {
    kafka: Kafka,
    machines: Machines,
    node: Node,
    options: KafkaOptions,
    folder: Option<tempfile::TempDir>,
}

impl Drop for Soak {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            eprintln!("---- the last that the program said\n{}\n---- all of it is kept at {}", self.node.last_lines(), folder.keep().display());
        }
    }
}

impl Soak {
    async fn set() -> Option<Self> {
        let python = python()?;
        let kafka = Kafka::own().await?;
        let folder = tempfile::Builder::new().prefix("millwright-field-").tempdir().unwrap();
        let machines = Machines::start(&python)?;
        let plant = folder.path().join("plant.toml");
        std::fs::write(&plant, machines.plant_file()).unwrap();
        let prefix = format!("field-{}", Uuid::new_v4().simple());
        let settings: BTreeMap<String, String> = [
            ("LOG__ENGINE", "kafka"),
            ("KAFKA__BOOTSTRAP", &kafka.bootstrap),
            ("KAFKA__PREFIX", &prefix),
            ("KAFKA__LEDGER_PARTITIONS", "1"),
            ("KAFKA__READINGS_PARTITIONS", "2"),
            ("KAFKA__TRANSACTION_TIMEOUT_S", "3"),
            ("CLUSTER__NODE", "field"),
            ("PLANT", plant.to_str().unwrap()),
        ]
        .map(|(name, value)| (format!("MILLWRIGHT_{name}"), value.to_string()))
        .into();
        told(&settings, &["kafka", "init"], &folder.path().join("init")).await;
        let options = KafkaOptions {
            bootstrap: kafka.bootstrap.clone(),
            prefix,
            ledger_partitions: 1,
            readings_partitions: 2,
            replication: 1,
            min_insync: 1,
            index: folder.path().join("judge.db"),
            ..KafkaOptions::default()
        };
        let mut node = Node::new("field", folder.path(), settings);
        node.start().await;
        Some(Self { kafka, machines, node, options, folder: Some(folder) })
    }

    /// Every device gives good values, and the log takes them.
    async fn collects_from_all(&self) {
        let way = self.node.way();
        let patience = Instant::now() + SETTLES_WITHIN;
        until("every device is collected from", async || {
            let health = way.ask("{ health { parts { name ok detail } } }", serde_json::json!({})).await.ok()?;
            let parts = health["health"]["parts"].as_array()?.clone();
            let devices: Vec<_> = parts.iter().filter(|part| part["name"].as_str().is_some_and(|name| name.starts_with("device "))).collect();
            let all = devices.len() == self.machines.count() && devices.iter().all(|part| part["ok"] == true);
            assert!(all || Instant::now() < patience, "not within {SETTLES_WITHIN:?}: {devices:#?}");
            all.then_some(())
        })
        .await;
    }

    async fn strike(&mut self, blow: Blow) {
        match blow {
            Blow::MachineKilled { which, .. } | Blow::MachinePaused { which, .. } => eprintln!("{blow:?}: {}", self.machines.name(which)),
            _ => eprintln!("{blow:?}"),
        }
        let lasts = |seconds: f64| tokio::time::sleep(Duration::from_secs_f64(seconds));
        match blow {
            Blow::MachineKilled { which, seconds } => {
                self.machines.kill(which);
                lasts(seconds).await;
                self.machines.start_again(which);
            }
            Blow::MachinePaused { which, seconds } => {
                self.machines.pause(which);
                lasts(seconds).await;
                self.machines.resume(which);
            }
            Blow::BrokerKilled { seconds } => {
                self.machines.kill_broker();
                lasts(seconds).await;
                self.machines.start_broker();
            }
            Blow::LogAway { seconds } => {
                self.kafka.kill(1).await;
                lasts(seconds).await;
                self.kafka.start(1).await;
            }
            Blow::ProgramKilled => {
                self.node.kill();
                self.node.start().await;
            }
            Blow::ProgramPaused { seconds } => {
                self.node.pause();
                lasts(seconds).await;
                self.node.wake();
            }
        }
    }

    async fn live(mut self, seed: u64, lasts: Duration) {
        self.collects_from_all().await;
        let began = Instant::now();
        let mut blows = schedule(seed, self.machines.count());
        while began.elapsed() < lasts {
            tokio::time::sleep(blows.pause()).await;
            let blow = blows.next();
            self.strike(blow).await;
        }
        self.collects_from_all().await;
        let patience = Instant::now() + SETTLES_WITHIN;
        until("everything is on the log", async || {
            let held = Judge::read(self.options.clone()).await.holds_what_is_served(self.machines.all());
            assert!(held.is_ok() || Instant::now() < patience, "not within {SETTLES_WITHIN:?}: {held:?}");
            held.ok()
        })
        .await;
        self.node.stop().await;
        let judge = Judge::read(self.options.clone()).await;
        judge.holds_what_is_served(self.machines.all()).unwrap();
        judge.says_what_it_found();
    }
}

fn seed() -> u64 {
    let seed = env::var("FIELD_SEED").map_or(1, |text| text.parse().expect("FIELD_SEED is a number"));
    eprintln!("FIELD_SEED={seed}, with {}", millwright().get_program().display());
    seed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_kills_pauses_and_lost_brokers_loses_nothing_that_is_not_on_record() {
    let Some(soak) = Soak::set().await else { return };
    soak.live(seed(), Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: ten minutes"]
async fn ten_minutes_of_kills_pauses_and_lost_brokers_lose_nothing_that_is_not_on_record() {
    let Some(soak) = Soak::set().await else { return };
    soak.live(seed(), Duration::from_secs(600)).await;
}
