//! A real broker for the tests of this crate: one for all of them, begun by the first, gone with the process.

use super::{KafkaLog, KafkaOptions, topics};
use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

static BROKER: OnceCell<Option<Broker>> = OnceCell::const_new();

#[derive(Clone)]
pub struct Broker {
    pub bootstrap: String,
    /// Its folder, if it is ours.
    pub dir: Option<String>,
}

/// `None`, loudly, where no broker can be had. On CI that is a failure.
pub async fn broker() -> Option<Broker> {
    let found = BROKER.get_or_init(|| async { tokio::task::spawn_blocking(begin).await.unwrap() });
    found.await.clone()
}

fn begin() -> Option<Broker> {
    if let Ok(bootstrap) = std::env::var("MILLWRIGHT_TEST_KAFKA") {
        return Some(Broker { bootstrap, dir: None });
    }
    up()
}

/// One of our own, which ends with this process.
fn up() -> Option<Broker> {
    let dir = std::env::temp_dir().join(format!("millwright-kafka-{}", Uuid::new_v4())).display().to_string();
    let up = run(&["up", "--secure", "--parent", &std::process::id().to_string(), &dir]);
    match up {
        Ok(up) if up.status.success() => Some(Broker { bootstrap: String::from_utf8(up.stdout).unwrap().trim().to_owned(), dir: Some(dir) }),
        failed => {
            let why = format!("no Kafka could be had: {failed:?}");
            assert!(std::env::var("CI").is_err(), "{why}");
            eprintln!("SKIPPED, nothing about Kafka was tested: {why}");
            None
        }
    }
}

fn run(arguments: &[&str]) -> std::io::Result<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/kafka.sh");
    Command::new(script).args(arguments).stderr(Stdio::inherit()).output()
}

/// Does something to a broker of ours.
pub async fn kafka_sh(arguments: &[&str]) {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let ran = tokio::task::spawn_blocking(move || run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())).await;
    assert!(ran.unwrap().unwrap().status.success());
}

/// Topics of their own on the broker, so that tests do not see each other.
pub struct Place {
    pub options: KafkaOptions,
    pub broker: Broker,
    // Removes the index's folder.
    _dir: tempfile::TempDir,
}

impl Place {
    pub async fn fresh() -> Option<Self> {
        Some(Self::on(broker().await?).await)
    }
    /// For tests that do something to the broker.
    pub async fn on_its_own_broker() -> Option<Self> {
        broker().await?;
        let broker = tokio::task::spawn_blocking(up).await.unwrap()?;
        Some(Self::on(broker).await)
    }
    async fn on(broker: Broker) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = KafkaOptions {
            bootstrap: broker.bootstrap.clone(),
            prefix: format!("test-{}", Uuid::new_v4().simple()),
            ledger_partitions: 2,
            readings_partitions: 3,
            replication: 1,
            min_insync: 1,
            patience: Duration::from_secs(20),
            index: dir.path().join("index.db"),
            ..KafkaOptions::default()
        };
        topics::init(&options).await.unwrap();
        Self { options, broker, _dir: dir }
    }
    pub async fn open(&self) -> KafkaLog {
        KafkaLog::open(self.options.clone()).await.unwrap()
    }
}
