//! A cluster of real nodes on real servers, and what is done to it: each test reads as what happens and what must hold afterwards.
//!
//! Tests of this folder take turns: each wants the machine for itself, so that a node that is slow is slow because of the fault.

mod actions;
mod brokers;
mod kills;
pub mod ledger;
mod load;
mod network;
pub mod node;
mod pauses;
pub mod plant;
mod postgres;
pub mod proxy;
pub mod servers;
mod sites;
mod small_disk;
mod takeover;
mod trap;
mod verdict;

use crate::program::millwright;
use ledger::Ledger;
use load::Ways;
use millwright_domain::{Event, collecting::DeviceAssigned, position::PartitionId};
use millwright_infra::log::kafka::{KafkaOptions, placing::share_of};
use node::Node;
use plant::SimulatedSite;
use proxy::Proxy;
use servers::Kafka;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, sleep},
};
use uuid::Uuid;

/// Generous: how quick a cluster is, is measured elsewhere. Nothing waits this long when all is well.
pub const LIMIT: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

static TURN: Mutex<()> = Mutex::const_new(());

/// Looks again and again, until it is there.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let limit = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < limit, "it never came to pass that {what}");
        sleep(LOOK_AGAIN).await;
    }
}

pub struct Cluster {
    pub sites: Vec<SimulatedSite>,
    pub ledger: Arc<Ledger>,
    nodes: Vec<Node>,
    ways: Ways,
    /// Where the nodes' projections are, if not in their data folders.
    postgres: Option<String>,
    folder: Option<TempDir>,
    _turn: MutexGuard<'static, ()>,
}

/// What a cluster is to be.
pub struct Plan {
    nodes: Vec<&'static str>,
    sites: Vec<&'static str>,
    interval_ms: u64,
    settings: BTreeMap<String, String>,
}

impl Plan {
    /// Two nodes, one site.
    pub fn on(kafka: &Kafka) -> Self {
        let settings = BTreeMap::from([
            ("MILLWRIGHT_LOG__ENGINE".into(), "kafka".into()),
            ("MILLWRIGHT_KAFKA__BOOTSTRAP".into(), kafka.bootstrap.clone()),
            ("MILLWRIGHT_KAFKA__PREFIX".into(), format!("test-{}", Uuid::new_v4().simple())),
            ("MILLWRIGHT_KAFKA__LEDGER_PARTITIONS".into(), "4".into()),
            ("MILLWRIGHT_KAFKA__READINGS_PARTITIONS".into(), "4".into()),
            ("MILLWRIGHT_KAFKA__TRANSACTION_TIMEOUT_S".into(), "3".into()),
        ]);
        Self { nodes: vec!["ann", "bob"], sites: vec!["north"], interval_ms: 200, settings }
    }
    pub fn nodes(self, nodes: &[&'static str]) -> Self {
        Self { nodes: nodes.to_vec(), ..self }
    }
    /// Three sites, each in a partition of its own, and all devices in one: of four shares either node gets two, so either decides.
    pub fn three_sites(self) -> Self {
        let names = ["north", "south", "west", "east", "quay", "mill", "hill", "lake"];
        let of_share = |share: u32| names.into_iter().find(|name| share_of(&partition(name), 3) == share).expect("one of them lies there");
        let sites = (0..3).map(of_share).collect();
        Self { sites, ..self }.with("KAFKA__LEDGER_PARTITIONS", "3").with("KAFKA__READINGS_PARTITIONS", "1")
    }
    /// How often the plants are scanned.
    pub fn every_ms(self, interval_ms: u64) -> Self {
        Self { interval_ms, ..self }
    }
    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.insert(format!("MILLWRIGHT_{setting}"), value.into());
        self
    }

    /// Makes the topics and starts the plants; no node runs yet.
    pub async fn laid_out(self) -> Cluster {
        let turn = TURN.lock().await;
        let folder = tempfile::Builder::new().prefix("millwright-cluster-").tempdir().unwrap();
        let plants = folder.path().join("plants");
        std::fs::create_dir(&plants).unwrap();
        let mut sites = vec![];
        for site in self.sites {
            sites.push(SimulatedSite::start(site, self.interval_ms, &plants).await);
        }
        let mut settings = self.settings;
        settings.insert("MILLWRIGHT_PLANT".into(), plants.display().to_string());
        settings.insert("MILLWRIGHT_KEYS".into(), folder.path().join("keys").display().to_string());
        let options = options(&settings, folder.path().join("outside.db")).await;
        told(&settings, &["kafka", "init"], &folder.path().join("init")).await;
        let nodes = self.nodes.iter().map(|name| {
            let mut settings = settings.clone();
            settings.insert("MILLWRIGHT_CLUSTER__NODE".into(), name.to_string());
            Node::new(name, folder.path(), settings)
        });
        Cluster {
            sites,
            ledger: Arc::new(Ledger::open(options).await),
            nodes: nodes.collect(),
            ways: Ways::default(),
            postgres: settings.get("MILLWRIGHT_PROJECTIONS__POSTGRES").cloned(),
            folder: Some(folder),
            _turn: turn,
        }
    }

    /// The same with all nodes at work.
    pub async fn at_work(self) -> Cluster {
        let names = self.nodes.clone();
        let mut cluster = self.laid_out().await;
        for name in names {
            cluster.start(name).await;
        }
        cluster.settled().await;
        cluster
    }
}

impl Cluster {
    pub async fn start(&mut self, name: &str) {
        self.node_mut(name).start().await;
        self.ways.open(name, self.node(name).way());
    }
    pub fn kill(&mut self, name: &str) {
        self.ways.close(name);
        self.node_mut(name).kill();
    }
    pub fn pause(&mut self, name: &str) {
        self.ways.close(name);
        self.node(name).pause();
    }
    /// Nobody asks it any more, for it would have them wait in vain.
    pub fn cut_off(&mut self, name: &str, wire: &Proxy) {
        self.ways.close(name);
        wire.cut();
    }
    pub fn mend(&mut self, name: &str, wire: &Proxy) {
        wire.mend();
        self.ways.open(name, self.node(name).way());
    }
    pub fn wake(&mut self, name: &str) {
        self.node(name).wake();
        self.ways.open(name, self.node(name).way());
    }
    pub fn node(&self, name: &str) -> &Node {
        self.nodes.iter().find(|node| node.name == name).expect("one of the plan")
    }
    pub fn node_mut(&mut self, name: &str) -> &mut Node {
        self.nodes.iter_mut().find(|node| node.name == name).expect("one of the plan")
    }
    pub fn names_of_sites(&self) -> Vec<String> {
        self.sites.iter().map(|plant| plant.site.clone()).collect()
    }
    /// Another one that runs.
    pub fn other(&self, name: &str) -> &Node {
        self.nodes.iter().find(|node| node.name != name && node.is_running()).expect("another one runs")
    }
    pub fn site(&self, site: &str) -> &SimulatedSite {
        self.sites.iter().find(|plant| plant.site == site).expect("one of the plan")
    }

    /// Who decides for the site, as the ledger has it.
    pub async fn decider(&self, site: &str) -> String {
        self.ledger.until(&partition(site), "somebody decides", |facts| facts.iter().rev().find_map(|fact| owner(&fact.event))).await
    }
    /// Who collects from the site's device, and under which epoch.
    pub async fn collector(&self, site: &str) -> (String, u64) {
        let assigned = |event: &Event| match event {
            Event::DeviceAssigned(assigned) => Some((node_of(assigned), assigned.epoch)),
            _ => None,
        };
        self.ledger.until(&partition(site), "somebody collects", |facts| facts.iter().rev().find_map(|fact| assigned(&fact.event))).await
    }
    /// Waits until another node than this one decides.
    pub async fn taken_over_from(&self, name: &str, site: &str) -> String {
        let other = |facts: &[_]| {
            facts.iter().rev().find_map(|fact: &millwright_domain::envelope::Recorded| owner(&fact.event)).filter(|owner| owner != name)
        };
        self.ledger.until(&partition(site), &format!("somebody took over from {name}"), other).await
    }

    pub async fn collected_by_another_than(&self, name: &str, site: &str) {
        until(&format!("somebody else than {name} collects"), async || (self.collector(site).await.0 != name).then_some(())).await;
    }

    /// Waits until all running nodes have their shares, and all sites are decided and measured by them.
    pub async fn settled(&self) {
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            until(&format!("{} has a share of the work", node.name), async || node.has_a_share().then_some(())).await;
        }
        for plant in &self.sites {
            self.measured(&plant.site).await;
        }
    }

    /// Waits until a running node decides, and one's scans come in under the newest epoch.
    pub async fn measured(&self, site: &str) {
        let runs = |name: &str| self.nodes.iter().any(|node| node.name == name && node.is_running());
        until(&format!("{site} is decided for and measured"), async || {
            let (collector, epoch) = self.collector(site).await;
            let at_work = runs(&self.decider(site).await) && runs(&collector);
            (at_work && self.ledger.scans(site).await.iter().any(|scan| scan.epoch == epoch)).then_some(())
        })
        .await;
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let kept = self.folder.take().map(TempDir::keep);
            self.nodes.iter().for_each(|node| eprintln!("---- the last that {} said\n{}", node.name, node.last_lines()));
            eprintln!("---- all of it is kept in {kept:?}");
        }
    }
}

pub fn partition(site: &str) -> PartitionId {
    PartitionId::site(&site.parse().unwrap())
}

/// The node's name out of `millwright 0.1.0 on ann.9d69e38a, pid 7`.
pub fn owner(event: &Event) -> Option<String> {
    let Event::PartitionOwned(owned) = event else { return None };
    let (_, rest) = owned.owner.split_once(" on ")?;
    Some(rest.split(['.', ',']).next()?.to_string())
}

/// The node's name out of the collector's, which is another in each run: `ann.9d69e38a`.
pub fn node_of(assigned: &DeviceAssigned) -> String {
    assigned.collector.as_str().split('.').next().unwrap().to_string()
}

async fn options(settings: &BTreeMap<String, String>, index: PathBuf) -> KafkaOptions {
    let of = |name: &str| settings[&format!("MILLWRIGHT_KAFKA__{name}")].clone();
    let options = KafkaOptions {
        bootstrap: of("BOOTSTRAP"),
        prefix: of("PREFIX"),
        ledger_partitions: of("LEDGER_PARTITIONS").parse().unwrap(),
        readings_partitions: of("READINGS_PARTITIONS").parse().unwrap(),
        index,
        ..KafkaOptions::default()
    };
    options.with_replicas(0).await.unwrap()
}

/// Has the program do one thing, and do it well.
pub async fn told(settings: &BTreeMap<String, String>, arguments: &[&str], data: &Path) {
    let mut command = millwright();
    command.args(arguments).arg("--data").arg(data).envs(settings).current_dir(env!("CARGO_MANIFEST_DIR"));
    let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{arguments:?}: {}{}", text(&done.stdout), text(&done.stderr));
}
