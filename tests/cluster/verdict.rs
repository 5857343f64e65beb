//! What must hold after every fault: nothing acknowledged is lost, nothing is decided twice, no budget is passed, and what people look at
//! is what a rebuild from zero shows.

use super::{
    Cluster, LIMIT,
    ledger::Ledger,
    load::{Asked, TIGHT},
    node_of, partition, told,
};
use futures::{StreamExt, stream};
use millwright_domain::{
    Event,
    envelope::{Answer, CommandAnswered},
    ids::CommandId,
    ports::event_log::EventLog,
    reading::Scan,
    site::Site,
};
use millwright_infra::log::kafka::KafkaOptions;
use millwright_projections::{Place, Postgres, Projections};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use tokio_util::sync::CancellationToken;

/// So many are asked again at once.
const AT_ONCE: usize = 16;

impl Cluster {
    /// Asks everything again, stops all nodes, and looks at all that they leave behind.
    pub async fn must_be_whole(mut self, asked: Vec<Asked>) {
        let asked = self.first_answers_are_given_again(asked).await;
        let delivered = self.delivered().await;
        let running: Vec<&'static str> = self.nodes.iter().filter(|node| node.is_running()).map(|node| node.name).collect();
        for name in running {
            self.node_mut(name).stop().await;
        }
        // Whoever opens the log now knows nothing of what went before: it judges by what is stored alone.
        let index = self.folder().join("afterwards.db");
        let fresh = Ledger::open(KafkaOptions { index, ..self.ledger.options.clone() }).await;
        for partition in fresh.partitions().await {
            fresh.assert_chained(&partition).await;
        }
        told(&self.nodes[0].settings, &["audit", "verify"], &self.folder().join("audit")).await;
        nothing_is_decided_twice(&fresh, &asked).await;
        for plant in &self.sites {
            budgets_are_kept(&fresh, &plant.site).await;
            scans_have_no_holes(&fresh, &plant.site).await;
        }
        self.delivered_scans_are_there(&fresh, &delivered).await;
        self.projections_are_what_a_rebuild_shows(&fresh).await;
        fresh.log.close().await;
        self.ledger.log.close().await;
    }

    /// Of another node than before, if there is one: an answer that was acknowledged is the same for ever.
    async fn first_answers_are_given_again(&self, asked: Vec<Asked>) -> Vec<Asked> {
        let ways: Vec<_> = self.nodes.iter().filter(|node| node.is_running()).map(|node| node.way()).collect();
        let again = asked.into_iter().enumerate().map(|(number, one)| {
            let way = &ways[(number + 1) % ways.len()];
            async move {
                let answer = super::until("a command is answered again", async || one.ask(way).await).await;
                if let Some(first) = &one.answer {
                    assert_eq!(first, &answer, "{} was answered differently at first", one.id);
                }
                Asked { answer: Some(answer), ..one }
            }
        });
        stream::iter(again).buffer_unordered(AT_ONCE).collect().await
    }

    /// Scans that each node says are durable.
    async fn delivered(&self) -> HashMap<String, u64> {
        let mut delivered = HashMap::new();
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            delivered.insert(node.name.to_string(), node.figure("millwright_scans_delivered_total").await as u64);
        }
        delivered
    }

    async fn delivered_scans_are_there(&self, log: &Ledger, delivered: &HashMap<String, u64>) {
        // Repeats count on both sides: what is sent again after a silence is acknowledged again.
        let mut stored: HashMap<String, u64> = HashMap::new();
        for plant in &self.sites {
            let place = partition(&plant.site);
            let collectors = log.look(&place, |facts| {
                let assigned = facts.iter().filter_map(|fact| match &fact.event {
                    Event::DeviceAssigned(assigned) => Some((assigned.epoch, node_of(assigned))),
                    _ => None,
                });
                assigned.collect::<HashMap<u64, String>>()
            });
            let collectors = collectors.await;
            for Scan { epoch, .. } in log.scans(&plant.site).await {
                *stored.entry(collectors[&epoch].clone()).or_default() += 1;
            }
        }
        for (node, delivered) in delivered {
            let stored = stored.get(node).copied().unwrap_or(0);
            assert!(stored >= *delivered, "{node} was told that {delivered} scans are durable, and {stored} are there");
        }
    }

    async fn projections_are_what_a_rebuild_shows(&self, log: &Ledger) {
        let places: Vec<Place> = match &self.postgres {
            Some(url) => vec![Place::Postgres(Postgres::at(url).unwrap())],
            None => self.nodes.iter().map(|node| node.data.join("projections")).filter(|data| data.exists()).map(Place::Folder).collect(),
        };
        for place in places {
            let projections = Projections::open_at(place).await.unwrap();
            let (running, stop) = (projections.clone(), CancellationToken::new());
            let following = tokio::spawn({
                let (log, stop) = (log.log.clone(), stop.clone());
                async move { running.run(log, stop).await }
            });
            projections.reached(&log.log.head().await.unwrap(), LIMIT).await.unwrap();
            assert_eq!((projections.parked(), projections.trouble()), (vec![], None));
            stop.cancel();
            following.await.unwrap().unwrap();
            // They refuse if what they had differs from what they make of the log now.
            projections.rebuild(&*log.log).await.unwrap();
            projections.rebuild_readings(&*log.log).await.unwrap();
        }
    }

    fn folder(&self) -> &std::path::Path {
        self.folder.as_ref().expect("it is kept until the end").path()
    }
}

/// Each command is answered once on the ledger, and with what its asker was told.
async fn nothing_is_decided_twice(log: &Ledger, asked: &[Asked]) {
    let mut answers: HashMap<CommandId, CommandAnswered> = HashMap::new();
    for partition in log.partitions().await {
        let in_partition: Vec<CommandAnswered> = log
            .look(&partition, |facts| {
                let answered = facts.iter().filter_map(|fact| match &fact.event {
                    Event::CommandAnswered(answered) => Some(answered.clone()),
                    _ => None,
                });
                answered.collect()
            })
            .await;
        for answered in in_partition {
            let before = answers.insert(answered.command, answered);
            assert!(before.is_none(), "a command was decided twice: {before:?}");
        }
    }
    for one in asked {
        let stored = answers.get(&one.id).unwrap_or_else(|| panic!("{} was answered and is not on the ledger", one.id));
        assert!(says_the_same(&stored.answer, one.answer.as_ref().unwrap()), "{stored:?} was answered as {:?}", one.answer);
    }
}

fn says_the_same(stored: &Answer, told: &Value) -> bool {
    match stored {
        Answer::Done { facts, subject } => told["kind"] == "DONE" && told["facts"] == *facts && told["subject"].as_str() == subject.as_deref(),
        Answer::AlreadySo => told["kind"] == "ALREADY_SO",
        Answer::Refused { code, reason } => told["kind"] == "REFUSED" && told["code"] == **code && told["reason"] == **reason,
    }
}

/// After every single reservation no window holds more than its limit; and the limit was reached for.
async fn budgets_are_kept(log: &Ledger, site: &str) {
    let place = partition(site);
    let refusals = log.look(&place, |facts| {
        let (mut state, mut refusals) = (Site::default(), 0);
        for fact in facts {
            state.evolve_recorded(fact);
            match &fact.event {
                Event::TokensReserved(reserved) => {
                    for account in state.budgets.values() {
                        for window in millwright_domain::budget::Window::ALL {
                            let spent = account.spent(window, reserved.reserved_at).total();
                            let limit = account.limit(window).unwrap_or(u64::MAX);
                            assert!(spent <= limit, "{spent} tokens were spent of {limit}");
                        }
                    }
                }
                Event::CommandRefused(refused) => refusals += u32::from(refused.code == "over_limit"),
                _ => {}
            }
        }
        (refusals, state.budgets.contains_key(TIGHT.0))
    });
    let (refusals, pressed) = refusals.await;
    assert!(!pressed || refusals > 0, "nobody was refused more than {TIGHT:?}");
}

/// As readers take them, each collector's scans follow one another; what is missing was reported as given up.
async fn scans_have_no_holes(log: &Ledger, site: &str) {
    let mut given_up: BTreeMap<u64, u64> = BTreeMap::new();
    let place = partition(site);
    let dropped = log.look(&place, |facts| {
        let dropped = facts.iter().filter_map(|fact| match &fact.event {
            Event::ReadingsDropped(dropped) => Some((dropped.epoch, dropped.scans)),
            _ => None,
        });
        dropped.collect::<Vec<_>>()
    });
    for (epoch, scans) in dropped.await {
        *given_up.entry(epoch).or_default() += scans;
    }
    let (mut next, mut missing): (BTreeMap<u64, u64>, BTreeMap<u64, u64>) = Default::default();
    for Scan { epoch, scan, .. } in log.scans(site).await {
        let next = next.entry(epoch).or_default();
        if scan >= *next {
            *missing.entry(epoch).or_default() += scan - *next;
            *next = scan + 1;
        }
    }
    for (epoch, missing) in missing {
        let given_up = given_up.get(&epoch).copied().unwrap_or(0);
        assert!(missing <= given_up, "{missing} scans of {site} under epoch {epoch} are missing, {given_up} were given up");
    }
}
