//! The servers that a cluster leans on, real ones: Kafka and Postgres, each in a folder of its own, gone with the tests' process.
//!
//! One broker is shared by all tests that do it no harm, each under a prefix of its own. Where no server can be had, a test says loudly
//! that it is skipped; on CI that is a failure.

use super::proxy::Proxy;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

static SHARED: OnceCell<Option<Kafka>> = OnceCell::const_new();

#[derive(Clone)]
pub struct Kafka {
    pub bootstrap: String,
    /// Its folder, if it is ours.
    dir: Option<PathBuf>,
}

impl Kafka {
    /// For tests that leave the brokers alone.
    pub async fn shared() -> Option<Self> {
        let shared = SHARED.get_or_init(|| async {
            match std::env::var("MILLWRIGHT_TEST_KAFKA") {
                Ok(bootstrap) => Some(Self { bootstrap, dir: None }),
                Err(_not_given) => Self::up(&[]).await,
            }
        });
        shared.await.clone()
    }

    /// For tests that do something to it.
    pub async fn own() -> Option<Self> {
        Self::up(&[]).await
    }
    pub async fn three() -> Option<Self> {
        Self::up(&["--nodes", "3"]).await
    }
    /// One that can also be reached over a wire of ours.
    pub async fn behind_a_wire() -> Option<(Self, Arc<Proxy>)> {
        Self::behind(Proxy::new().await).await
    }
    pub async fn behind(wire: Proxy) -> Option<(Self, Arc<Proxy>)> {
        let kafka = Self::up(&["--via", &wire.address.port().to_string()]).await?;
        let to = std::fs::read_to_string(kafka.dir().join("via")).unwrap();
        wire.lead_to(to.trim().parse().unwrap());
        Some((kafka, Arc::new(wire)))
    }

    /// Without a goodbye.
    pub async fn kill(&self, node: u8) {
        self.told("kill", node).await;
    }
    /// Returns once it is ready.
    pub async fn start(&self, node: u8) {
        self.told("start", node).await;
    }

    async fn up(options: &[&str]) -> Option<Self> {
        let dir = folder("kafka");
        let started = script("kafka.sh", [&["up", "--parent", &our_pid()], options, &[path(&dir)]].concat()).await;
        server("Kafka", started).map(|bootstrap| Self { bootstrap, dir: Some(dir) })
    }
    async fn told(&self, what: &str, node: u8) {
        let done = script("kafka.sh", vec![what, path(self.dir()), &node.to_string()]).await.unwrap();
        assert!(done.status.success(), "kafka.sh {what} {node} failed");
    }
    fn dir(&self) -> &Path {
        self.dir.as_deref().expect("only a broker of ours is told what to do")
    }
}

pub struct Postgres {
    pub url: String,
    dir: PathBuf,
}

impl Postgres {
    pub async fn own() -> Option<Self> {
        let dir = folder("postgres");
        let started = script("postgres.sh", vec!["up", path(&dir), "--parent", &our_pid()]).await;
        server("Postgres", started).map(|url| Self { url, dir })
    }
    /// As a power cut would.
    pub async fn kill(&self) {
        self.told("kill").await;
    }
    pub async fn start(&self) {
        self.told("start").await;
    }
    async fn told(&self, what: &str) {
        let done = script("postgres.sh", vec![what, path(&self.dir)]).await.unwrap();
        assert!(done.status.success(), "postgres.sh {what} failed");
    }
}

fn server(what: &str, started: std::io::Result<Output>) -> Option<String> {
    match started {
        Ok(up) if up.status.success() => Some(String::from_utf8(up.stdout).unwrap().trim().to_string()),
        failed => {
            let why = format!("no {what} could be had: {failed:?}");
            assert!(std::env::var("CI").is_err(), "{why}");
            eprintln!("SKIPPED, this part of the cluster was not tested: {why}");
            None
        }
    }
}

async fn script(name: &str, arguments: Vec<&str>) -> std::io::Result<Output> {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name));
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    tokio::task::spawn_blocking(move || command.output()).await.unwrap()
}

fn folder(what: &str) -> PathBuf {
    std::env::temp_dir().join(format!("millwright-{what}-{}", Uuid::new_v4()))
}
fn our_pid() -> String {
    std::process::id().to_string()
}
fn path(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}
