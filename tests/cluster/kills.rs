//! The owner is killed at any moment under load: between beginning a transaction and committing it, between committing and answering.
//! Whoever asks again under the same id gets the first answer.

use super::{
    Cluster, Plan,
    ledger::Ledger,
    load::Asked,
    partition,
    proxy::{Gates, Proxy},
    servers::Kafka,
    trap::{Moment, Trap},
};
use millwright_domain::{Event, envelope::Recorded, ids::CommandId};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_again_after_a_kill_gets_the_first_answer() {
    let gates = Gates::open();
    let trap = Trap::on(gates.clone());
    let looking = trap.clone();
    let wire = Proxy::with(gates, move || looking.look()).await;
    let Some((kafka, wire)) = Kafka::behind(wire).await else { return };
    let mut cluster = Plan::on(&kafka).three_sites().laid_out().await;
    cluster.node_mut("ann").settings.insert("MILLWRIGHT_KAFKA__BOOTSTRAP".into(), wire.address.to_string());
    cluster.start("ann").await;
    cluster.start("bob").await;
    cluster.settled().await;
    let (mut all, mut hit) = (vec![], Hit::default());
    // A transaction that is caught may hold commands of askers at the other node alone, who are told once it has a successor.
    for kills in 0.. {
        assert!(kills < 12, "{kills} kills and still {hit:?}");
        let mut load = cluster.under_load(6);
        if kills == 0 {
            load = load.pressing_on_budgets(&cluster);
        }
        load.answered(20).await;
        trap.catches_one(if hit.before_commit == 0 { Moment::BeforeCommit } else { Moment::BeforeAnswer }).await;
        // What the dead one had sent arrives when it has a successor.
        cluster.kill_and_start_again("ann", || wire.mend()).await;
        all.extend(load.stop().await);
        hit = Hit::of(&cluster, &all).await;
        if hit.both() {
            break;
        }
    }
    cluster.must_be_whole(all).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "30 kills take minutes; make test-long runs them"]
async fn thirty_kills_at_any_moment() {
    let Some(kafka) = Kafka::shared().await else { return };
    kill_until_both_moments_were_hit(&kafka, 30, 60).await;
}

/// At least so many kills, and on until a transaction was seen cut off before its commit and another after it.
async fn kill_until_both_moments_were_hit(kafka: &Kafka, at_least: u32, at_most: u32) {
    let mut cluster = Plan::on(kafka).three_sites().at_work().await;
    let sites = cluster.names_of_sites();
    let mut moments = StdRng::seed_from_u64(7);
    let mut all = vec![];
    let (mut kills, mut hit) = (0, Hit::default());
    while kills < at_least || !hit.both() {
        assert!(kills < at_most, "{kills} kills and still {hit:?}");
        let mut load = cluster.under_load(6);
        if kills == 0 {
            load = load.pressing_on_budgets(&cluster);
        }
        load.answered(moments.random_range(20..60)).await;
        let victim = cluster.decider(&sites[kills as usize % sites.len()]).await;
        cluster.kill_and_start_again(&victim, || ()).await;
        kills += 1;
        all.extend(load.stop().await);
        hit = Hit::of(&cluster, &all).await;
        eprintln!("{kills} kills: {hit:?}");
    }
    cluster.must_be_whole(all).await;
}

impl Cluster {
    /// What it decided for is taken over before it starts again.
    async fn kill_and_start_again(&mut self, victim: &str, before_the_start: impl FnOnce()) {
        self.kill(victim);
        for site in self.names_of_sites() {
            if self.decider(&site).await == victim {
                self.taken_over_from(victim, &site).await;
            }
        }
        before_the_start();
        self.start(victim).await;
        self.settled().await;
    }
}

#[derive(Debug, Default)]
struct Hit {
    /// Records that lie in the topic and were never committed.
    before_commit: usize,
    /// Commands that were decided in the epoch of one that was killed, and whose asker heard nothing.
    before_answer: usize,
}

impl Hit {
    async fn of(cluster: &Cluster, asked: &[Asked]) -> Self {
        Self { before_commit: aborted(&cluster.ledger).await, before_answer: committed_unheard(cluster, asked).await }
    }
    fn both(&self) -> bool {
        self.before_commit > 0 && self.before_answer > 0
    }
}

/// What stands under an owner's epoch that has ended by now, and nobody was told.
async fn committed_unheard(cluster: &Cluster, asked: &[Asked]) -> usize {
    let unheard: HashSet<CommandId> = asked.iter().filter(|one| one.answer.is_none()).map(|one| one.id).collect();
    let mut count = 0;
    for site in cluster.names_of_sites() {
        count += cluster
            .ledger
            .look(&partition(&site), |facts: &[Recorded]| {
                let now = facts.last().map_or(0, |fact| fact.epoch);
                let answered = facts.iter().filter(|fact| fact.epoch < now);
                answered.filter(|fact| matches!(&fact.event, Event::CommandAnswered(answered) if unheard.contains(&answered.command))).count()
            })
            .await;
    }
    count
}

/// Records of the ledger's topic that only a reader of what is not committed sees.
async fn aborted(ledger: &Ledger) -> usize {
    let (all, committed) = (read(ledger, "read_uncommitted").await, read(ledger, "read_committed").await);
    all.iter().map(|(share, offsets)| offsets.difference(&committed[share]).count()).sum()
}

async fn read(ledger: &Ledger, isolation: &'static str) -> HashMap<i32, HashSet<i64>> {
    let (mut client, topic) = (ledger.options.client(), ledger.options.ledger_topic());
    client.set("group.id", "outside").set("enable.auto.commit", "false").set("enable.partition.eof", "true").set("isolation.level", isolation);
    let shares = ledger.options.ledger_partitions as i32;
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = client.create().unwrap();
        let mut all = TopicPartitionList::new();
        (0..shares).for_each(|share| all.add_partition_offset(&topic, share, Offset::Beginning).unwrap());
        consumer.assign(&all).unwrap();
        let mut read: HashMap<i32, HashSet<i64>> = (0..shares).map(|share| (share, HashSet::new())).collect();
        let mut at_the_end = HashSet::new();
        while at_the_end.len() < shares as usize {
            match consumer.poll(Duration::from_secs(30)).expect("an end or a record within half a minute") {
                Ok(message) => drop(read.get_mut(&message.partition()).unwrap().insert(message.offset())),
                Err(rdkafka::error::KafkaError::PartitionEOF(share)) => drop(at_the_end.insert(share)),
                Err(_passing) => {}
            }
        }
        read
    })
    .await
    .unwrap()
}
