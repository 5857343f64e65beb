//! What the log says, read from outside the cluster: the one truth that tests judge by.

use chrono::{DateTime, TimeDelta, Utc};
use millwright_commands::Ask;
use millwright_domain::{
    Event,
    chain::link,
    codec::decode,
    envelope::{Answer, Recorded},
    ids::CommandId,
    ports::event_log::EventLog,
    position::{Lane, PartitionId},
    reading::Scan,
};
use millwright_infra::log::kafka::{KafkaLog, KafkaOptions, placing::share_of};
use rdkafka::{
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::Mutex;

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Ledger {
    pub log: Arc<KafkaLog>,
    pub options: KafkaOptions,
    /// What was read so far of each partition asked for.
    read: Mutex<BTreeMap<PartitionId, Vec<Recorded>>>,
    courier: FutureProducer,
}

impl Ledger {
    pub async fn open(options: KafkaOptions) -> Self {
        let log = Arc::new(KafkaLog::open(options.clone()).await.unwrap());
        let courier = options.client().set("acks", "all").set("linger.ms", "0").create().unwrap();
        Self { log, options, read: Mutex::default(), courier }
    }

    /// Shows all facts of a partition, by now.
    pub async fn look<T>(&self, partition: &PartitionId, look: impl FnOnce(&[Recorded]) -> T) -> T {
        let mut read = self.read.lock().await;
        let facts = read.entry(partition.clone()).or_default();
        loop {
            let page = self.log.read_ledger(partition, facts.len() as u64, 4_096).await.unwrap();
            if page.is_empty() {
                return look(facts);
            }
            facts.extend(page.iter().map(|(_, stored)| decode(&stored.bytes).unwrap()));
        }
    }

    /// Waits until the facts of a partition say it.
    pub async fn until<T>(&self, partition: &PartitionId, what: &str, says: impl Fn(&[Recorded]) -> Option<T>) -> T {
        let looking = async {
            loop {
                let seen = self.log.head().await.unwrap();
                if let Some(found) = self.look(partition, &says).await {
                    return found;
                }
                self.log.past(&seen).await.unwrap();
            }
        };
        let found = tokio::time::timeout(super::LIMIT, looking).await;
        found.unwrap_or_else(|_elapsed| panic!("{partition} never said that {what}"))
    }

    pub async fn partitions(&self) -> Vec<PartitionId> {
        let head = self.log.head().await.unwrap();
        head.partitions().map(|(partition, _)| partition.clone()).filter(|partition| partition.lane() == Lane::Ledger).collect()
    }

    /// Asks over the topic of commands, as any program outside may, until it is answered on the ledger.
    pub async fn ask(&self, partition: &PartitionId, ask: &Ask) -> Answer {
        let asking = async {
            loop {
                self.forward(partition, ask, Utc::now() + TimeDelta::seconds(5)).await;
                let answered = self.until(partition, "a command was answered", |facts| answer_in(facts, ask.id));
                if let Ok(answer) = tokio::time::timeout(Duration::from_secs(5), answered).await {
                    return answer;
                }
            }
        };
        tokio::time::timeout(super::LIMIT, asking).await.unwrap_or_else(|_elapsed| panic!("nobody answered {}", ask.command.name()))
    }

    /// As docs/asyncapi.json says it.
    async fn forward(&self, partition: &PartitionId, ask: &Ask, good_until: DateTime<Utc>) {
        let (id, until) = (ask.id.to_string(), good_until.timestamp_micros().to_string());
        let headers = [("ce_type", "io.millwright.Ask.v1"), ("ce_id", &id), ("ce_gooduntil", &until)];
        let headers = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(*value) }));
        let (topic, payload) = (self.options.commands_topic(), serde_json::to_vec(ask).unwrap());
        let share = share_of(partition, self.options.ledger_partitions) as i32;
        let record = FutureRecord::to(&topic).partition(share).key(partition.name()).payload(&payload).headers(headers);
        self.courier.send(record, PATIENCE).await.unwrap();
    }

    /// Each record follows from the one before it, and epochs never fall.
    pub async fn assert_chained(&self, partition: &PartitionId) {
        let (mut next, mut hash, mut epoch) = (0, millwright_domain::chain::Hash::default(), 0);
        loop {
            let page = self.log.read_ledger(partition, next, 4_096).await.unwrap();
            for (seq, stored) in page.iter() {
                let recorded = decode(&stored.bytes).unwrap();
                hash = link(hash, seq, &stored.bytes);
                assert_eq!((seq, stored.hash), (next, hash), "the chain of {partition} is broken");
                assert!(recorded.epoch >= epoch, "{partition} seq {seq} was written by a former owner");
                (next, epoch) = (seq + 1, recorded.epoch);
            }
            if page.is_empty() {
                return;
            }
        }
    }

    /// All scans of a site as they stand in the log, repeats included.
    pub async fn scans(&self, site: &str) -> Vec<Scan> {
        let head = self.log.head().await.unwrap();
        let mut scans = vec![];
        for (partition, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
            let mut next = 0;
            while next < end {
                let page = self.log.read_readings(partition, next, 4_096).await.unwrap();
                next = page.next().max(next);
                scans.extend(page.into_items().map(|(_, scan)| scan).filter(|scan| scan.site.as_str() == site));
            }
        }
        scans
    }
}

pub fn answer_in(facts: &[Recorded], command: CommandId) -> Option<Answer> {
    facts.iter().find_map(|fact| match &fact.event {
        Event::CommandAnswered(answered) if answered.command == command => Some(answered.answer.clone()),
        _ => None,
    })
}
