//! The cluster's promises on a real broker: every share has one holder, what is left is taken up, and a command reaches the owner.

use super::{Membership, beginnings::beginnings};
use crate::log::kafka::{client::Quiet, testing::Place};
use millwright_domain::{
    Timestamp,
    ids::CommandId,
    ports::cluster::{Cluster, Forwarded, Share, Turn},
    position::PartitionId,
    trace::TraceContext,
};
use rdkafka::{Offset, TopicPartitionList, consumer::BaseConsumer};
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::mpsc;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);

/// What a node holds, and what it was asked, kept up in the background.
struct Node {
    events: mpsc::UnboundedReceiver<Turn>,
    held: BTreeSet<Share>,
    asked: Vec<Forwarded>,
    membership: std::sync::Arc<Membership>,
}

impl Node {
    fn join(place: &Place, name: &str) -> Self {
        let membership = std::sync::Arc::new(Membership::new(&place.options, &name.parse().unwrap()).unwrap());
        let (told, events) = mpsc::unbounded_channel();
        let listening = membership.clone();
        tokio::spawn(async move {
            while let Ok(turn) = listening.turn().await {
                if told.send(turn).is_err() {
                    return;
                }
            }
        });
        Self { events, held: BTreeSet::new(), asked: vec![], membership }
    }

    /// Takes in one turn, if one comes within the time.
    async fn step(&mut self, within: Duration) {
        match tokio::time::timeout(within, self.events.recv()).await {
            Ok(Some(Turn::Taken(shares))) => self.held.extend(shares),
            Ok(Some(Turn::Released { shares, until_done })) => {
                self.held.retain(|held| !shares.contains(held));
                drop(until_done);
            }
            Ok(Some(Turn::Lost(shares))) => self.held.retain(|held| !shares.contains(held)),
            Ok(Some(Turn::Asked(asked))) => self.asked.push(asked),
            Ok(None) | Err(_) => {}
        }
    }
}

async fn until(nodes: &mut [Node], what: &str, holds: impl Fn(&[Node]) -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds(nodes) {
        let shown: Vec<_> = nodes.iter().map(|node| node.held.clone()).collect();
        assert!(tokio::time::Instant::now() < deadline, "{what} did not come to pass; held: {shown:?}");
        for node in &mut *nodes {
            node.step(Duration::from_millis(20)).await;
        }
    }
}

fn all(place: &Place) -> BTreeSet<Share> {
    let deciding = (0..place.options.ledger_partitions).map(Share::Deciding);
    deciding.chain((0..place.options.readings_partitions).map(Share::Collecting)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_have_one_holder_each_and_go_to_those_who_stay() {
    let Some(place) = Place::fresh().await else { return };
    let mut nodes = vec![Node::join(&place, "a")];
    let whole = all(&place);
    until(&mut nodes, "one node holds everything", |nodes| nodes[0].held == whole).await;
    nodes.push(Node::join(&place, "b"));
    until(&mut nodes, "two nodes share everything out", |nodes| {
        let (a, b) = (&nodes[0].held, &nodes[1].held);
        a.is_disjoint(b) && !a.is_empty() && !b.is_empty() && a.union(b).cloned().collect::<BTreeSet<_>>() == whole
    })
    .await;
    let leaving = nodes.remove(0);
    leaving.membership.leave().await;
    until(&mut nodes, "who stays holds everything", |nodes| nodes[0].held == whole).await;
    nodes[0].membership.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_reaches_the_holder_of_its_share_also_when_it_was_sent_before_the_takeover() {
    let Some(place) = Place::fresh().await else { return };
    let site: PartitionId = "ledger/demo".parse().unwrap();
    let command = |number: u128| Forwarded {
        partition: site.clone(),
        command: CommandId(Uuid::from_u128(number)),
        good_until: Timestamp::from_secs(1_700_000_000),
        ask: format!("{{\"number\":{number}}}").into_bytes(),
        trace: Some(TraceContext { trace: number, span: 7 }),
    };
    let mut nodes = vec![Node::join(&place, "a")];
    nodes[0].membership.forward(command(1)).await.unwrap();
    until(&mut nodes, "the first is heard", |nodes| nodes[0].asked.iter().any(|asked| *asked == command(1))).await;
    nodes.push(Node::join(&place, "b"));
    let share = nodes[0].membership.deciding(&site);
    until(&mut nodes, "the share has a holder", |nodes| nodes[0].held.contains(&share) != nodes[1].held.contains(&share)).await;
    nodes[1].membership.forward(command(2)).await.unwrap();
    until(&mut nodes, "the holder hears the second", |nodes| {
        nodes.iter().any(|node| node.held.contains(&share) && node.asked.iter().any(|asked| *asked == command(2)))
    })
    .await;
    for node in &nodes {
        node.membership.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_command_is_so_young_reading_begins_at_the_end_as_it_is_now() {
    let Some(place) = Place::fresh().await else { return };
    let courier = Membership::new(&place.options, &"a".parse().unwrap()).unwrap();
    let command = Forwarded {
        partition: "ledger/demo".parse().unwrap(),
        command: CommandId(Uuid::from_u128(1)),
        good_until: Timestamp::from_secs(1_700_000_000),
        ask: b"{}".to_vec(),
        trace: None,
    };
    let Share::Deciding(share) = courier.deciding(&command.partition) else { panic!("another kind of work") };
    for _ in 0..3 {
        courier.forward(command.clone()).await.unwrap();
    }
    let topic = place.options.commands_topic();
    let options = place.options.clone();
    let since = async |since| {
        let (topic, options) = (topic.clone(), options.clone());
        let asked = move || {
            let consumer: BaseConsumer<Quiet> = options.reader().create_with_context(Quiet).unwrap();
            let mut commands = TopicPartitionList::new();
            commands.add_partition_range(&topic, 0, 1);
            let found = beginnings(&consumer, &commands, since).unwrap();
            [0, 1].map(|partition| found.find_partition(&topic, partition).unwrap().offset())
        };
        tokio::task::spawn_blocking(asked).await.unwrap()
    };
    let mut behind = [Offset::Offset(0); 2];
    behind[share as usize] = Offset::Offset(3);
    assert_eq!(since(0).await, [Offset::Offset(0); 2]);
    // Younger than anything will be for a long time, so the answer by time is only that it is the end.
    assert_eq!(since(i64::from(u32::MAX) * 1_000).await, behind);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_does_not_wait_for_a_release_that_nobody_took() {
    let Some(place) = Place::fresh().await else { return };
    let leaving = Membership::new(&place.options, &"a".parse().unwrap()).unwrap();
    let (whole, mut held) = (all(&place), BTreeSet::new());
    while held != whole {
        if let Turn::Taken(shares) = tokio::time::timeout(PATIENCE, leaving.turn()).await.unwrap().unwrap() {
            held.extend(shares);
        }
    }
    // From here on nobody takes its turns.
    let mut nodes = vec![Node::join(&place, "b")];
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while leaving.turns.lock().await.as_ref().unwrap().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "nothing was released");
        nodes[0].step(Duration::from_millis(20)).await;
    }
    tokio::time::timeout(Duration::from_secs(10), leaving.leave()).await.unwrap();
    until(&mut nodes, "who stays holds everything", |nodes| nodes[0].held == whole).await;
    nodes[0].membership.leave().await;
}
