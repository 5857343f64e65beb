//! Two nodes on one log: commands reach the owner wherever they are asked, standbys are warm, and who was replaced does not fight.

use crate::{
    dispatcher::alert,
    house::{House, demo_plant, shipped_policy, subject},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{AdoptPolicy, Ask, Commands, DescribePlant, NotAnswered, Surroundings};
use millwright_domain::{
    envelope::Answer,
    ids::{CommandId, DeviceId, SiteId},
    ports::{
        cluster::{Cluster, Forwarded, Share, Turn},
        event_log::{EventLog, LogError},
        live_readings::LiveReadings,
    },
    position::PartitionId,
};
use millwright_infra::{answers::AnswerIndex, clock::ManualClock, log::embedded::EmbeddedLog};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::{Mutex, mpsc};
use uuid::Uuid;

/// The way between nodes, carried by hand.
struct Wire {
    sent: mpsc::UnboundedSender<Forwarded>,
    arriving: Mutex<mpsc::UnboundedReceiver<Forwarded>>,
}

impl Wire {
    fn new() -> Arc<Self> {
        let (sent, arriving) = mpsc::unbounded_channel();
        Arc::new(Self { sent, arriving: Mutex::new(arriving) })
    }
    /// Hands the next command to a node, once there is one.
    async fn deliver_to(&self, node: &Commands) -> Forwarded {
        let forwarded = self.arriving.lock().await.recv().await.expect("the wire is up");
        node.take_forwarded(forwarded.clone()).await;
        forwarded
    }
}

#[async_trait]
impl Cluster for Wire {
    fn deciding(&self, _: &PartitionId) -> Share {
        Share::Deciding(0)
    }
    fn collecting(&self, _: &SiteId, _: &DeviceId) -> Share {
        Share::Collecting(0)
    }
    async fn turn(&self) -> Result<Turn, LogError> {
        std::future::pending().await
    }
    async fn forward(&self, command: Forwarded) -> Result<(), LogError> {
        self.sent.send(command).expect("the wire is up");
        Ok(())
    }
    async fn leave(&self) {}
}

struct NoSensors;

impl LiveReadings for NoSensors {
    fn latest(&self, _: &SiteId, _: &millwright_domain::ids::SignalId) -> Option<millwright_domain::action::Observed> {
        None
    }
}

/// Two nodes, `a` owning the site and `b` standing by.
struct Pair {
    log: Arc<EmbeddedLog>,
    clock: Arc<ManualClock>,
    wire: Arc<Wire>,
    a: Commands,
    b: Commands,
    site: PartitionId,
}

impl Pair {
    async fn on(folder: &Path) -> Self {
        // The house makes the log and goes; what it has written stays.
        let house = House::open(&folder.join("house")).await;
        let (log, clock, site) = (house.log.clone(), house.clock.clone(), house.site.clone());
        house.commands.stop().await;
        let wire = Wire::new();
        let node = |name: &str| {
            let answers = Arc::new(AnswerIndex::open(folder.join(format!("{name}.db"))).unwrap());
            let cluster: Option<Arc<dyn Cluster>> = Some(wire.clone());
            Commands::new(Surroundings { log: log.clone(), answers, clock: clock.clone(), live: Arc::new(NoSensors), cluster, owner: name.into() })
        };
        let (a, b) = (node("a"), node("b"));
        b.follow(site.clone());
        a.serve(site.clone()).await.unwrap();
        let pair = Self { log, clock, wire, a, b, site };
        pair.ask_of(&pair.a, 1, DescribePlant { plant: demo_plant() }).await.unwrap();
        pair.ask_of(&pair.a, 2, AdoptPolicy { policy: shipped_policy() }).await.unwrap();
        pair
    }

    async fn ask_of(
        &self,
        node: &Commands,
        id: u128,
        command: impl Into<millwright_commands::Command>,
    ) -> Result<millwright_commands::Answered, NotAnswered> {
        let ask = Ask::new("svc-monitor".parse().unwrap(), command).with_id(CommandId(Uuid::from_u128(id)));
        node.ask(&self.site, ask).await
    }

    async fn facts(&self) -> u64 {
        self.log.head().await.unwrap().next(&self.site)
    }

    async fn until_warm(&self, node: &Commands) {
        let facts = self.facts().await;
        let is_warm = || node.standing_by().iter().any(|(partition, reached)| *partition == self.site && *reached == facts);
        let warming = async {
            while !is_warm() {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), warming).await.is_err() {
            panic!("the standby stays behind: {:?} of {facts}", node.standing_by());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_asked_at_another_node_is_decided_by_the_owner_and_answered_from_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::on(folder.path()).await;
    let (there, _) = tokio::join!(pair.ask_of(&pair.b, 7, alert()), pair.wire.deliver_to(&pair.a));
    let there = there.unwrap();
    assert!(matches!(there.answer, Answer::Done { .. }));
    let facts = pair.facts().await;
    assert_eq!(pair.ask_of(&pair.a, 7, alert()).await.unwrap(), there, "the owner gives the same answer again");
    assert_eq!(pair.ask_of(&pair.b, 7, alert()).await.unwrap(), there, "and the other node does not even ask");
    assert_eq!(pair.facts().await, facts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_arrives_after_its_asker_gave_up_is_not_decided() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::on(folder.path()).await;
    let facts = pair.facts().await;
    let asked = async { pair.ask_of(&pair.b, 7, alert()).await };
    let late = async {
        let forwarded = pair.wire.arriving.lock().await.recv().await.unwrap();
        pair.clock.advance(TimeDelta::seconds(21));
        forwarded
    };
    let (silent, forwarded) = tokio::join!(asked, late);
    assert!(matches!(silent, Err(NotAnswered::OwnerSilent(_))), "{silent:?}");
    pair.a.take_forwarded(forwarded).await;
    pair.a.release(&pair.site).await;
    assert_eq!(pair.facts().await, facts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_takes_over_knows_what_was_decided_and_answers_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::on(folder.path()).await;
    let first = pair.ask_of(&pair.a, 7, alert()).await.unwrap();
    pair.until_warm(&pair.b).await;
    pair.b.serve(pair.site.clone()).await.unwrap();
    assert_eq!(pair.ask_of(&pair.b, 7, alert()).await.unwrap(), first);
    let joined = pair.ask_of(&pair.b, 8, alert()).await.unwrap();
    assert_eq!(subject(&joined), subject(&first), "the open case is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_replaced_decides_nothing_more_and_does_not_take_the_partition_back_while_it_is_told_to_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::on(folder.path()).await;
    pair.until_warm(&pair.b).await;
    pair.b.serve(pair.site.clone()).await.unwrap();
    let facts = pair.facts().await;
    let refused = pair.ask_of(&pair.a, 7, alert()).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(pair.facts().await, facts, "neither a decision nor a new ownership");
    pair.a.lose(&pair.site).await;
    pair.a.follow(pair.site.clone());
    let (answered, _) = tokio::join!(pair.ask_of(&pair.a, 7, alert()), pair.wire.deliver_to(&pair.b));
    assert!(matches!(answered.unwrap().answer, Answer::Done { .. }));
    assert_eq!(pair.ask_of(&pair.b, 9, alert()).await.map(|answered| matches!(answered.answer, Answer::Done { .. })).ok(), Some(true));
}
