//! The thread that is the group's member: hears assignments and commands, and tells them as turns.

use super::{
    super::{client::note, options::KafkaOptions},
    Ended,
    beginnings::beginnings,
    courier::arrived,
    shares::Topics,
};
use millwright_domain::{
    ids::NodeId,
    ports::cluster::{Done, Turn},
};
use rdkafka::{
    ClientConfig, ClientContext, Offset, TopicPartitionList,
    config::{FromClientConfigAndContext, RDKafkaLogLevel},
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode},
    types::RDKafkaRespErr,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, sync_channel},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc::Sender;

const STEP: Duration = Duration::from_millis(100);
/// A node that was not heard for so long is missed. The shortest that brokers allow by default.
const MISSED_AFTER_MS: &str = "6000";
const HEARTBEAT_MS: &str = "1000";
/// How long a share that is given back may take to be finished with.
const HAND_OVER: Duration = Duration::from_secs(15);
/// Commands are read from so long before the takeover: what the former owner did not answer is still waited for by then.
const LOOK_BACK: Duration = Duration::from_secs(30);

pub(super) struct Listener {
    consumer: BaseConsumer<Member>,
    stop: Arc<AtomicBool>,
}

impl Listener {
    pub fn new(options: &KafkaOptions, node: &NodeId, told: Sender<Result<Turn, Ended>>, stop: Arc<AtomicBool>) -> Result<Self, KafkaError> {
        let topics = Topics::of(options);
        let member = Member { topics: topics.clone(), told };
        let consumer: BaseConsumer<Member> = BaseConsumer::from_config_and_context(&client(options, node), member)?;
        consumer.subscribe(&[&topics.commands, &topics.readings])?;
        Ok(Self { consumer, stop })
    }

    pub fn run(self) {
        let told = self.consumer.context().told.clone();
        while !self.stop.load(Ordering::Relaxed) {
            match self.consumer.poll(STEP) {
                None => {}
                Some(Ok(message)) => match arrived(&message) {
                    Some(asked) => tell(&told, Ok(Turn::Asked(asked))),
                    None => tracing::warn!("something on the topic of commands is no command of ours; it is passed over"),
                },
                Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) => {
                    tell(&told, Err(Ended::Refused(error)));
                    return;
                }
                Some(Err(error)) => tracing::warn!(%error, "the cluster's group has trouble; it is tried again"),
            }
        }
        // Closing leaves the group, so that the others need not wait until this node is missed.
    }
}

fn client(options: &KafkaOptions, node: &NodeId) -> ClientConfig {
    let mut client = options.consumer();
    client.set("group.id", &options.prefix).set("client.id", format!("{}@{node}", options.prefix));
    client.set("partition.assignment.strategy", "cooperative-sticky");
    client.set("session.timeout.ms", MISSED_AFTER_MS).set("heartbeat.interval.ms", HEARTBEAT_MS);
    client.set("enable.auto.offset.store", "false").set("auto.offset.reset", "latest").set("reconnect.backoff.max.ms", "1000");
    client
}

/// Whoever took the turns may be gone; then there is nobody to tell.
fn tell(told: &Sender<Result<Turn, Ended>>, turn: Result<Turn, Ended>) {
    drop(told.blocking_send(turn));
}

struct Member {
    topics: Topics,
    told: Sender<Result<Turn, Ended>>,
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        note(level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
    }
}

impl ConsumerContext for Member {
    /// Assigns by itself, because the offsets to begin at are looked up by time, and readings are held but not read.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, outcome: RDKafkaRespErr, assigned: &mut TopicPartitionList) {
        let done = match outcome {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.take(consumer, assigned),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => self.give_back(consumer, assigned),
            other => {
                tracing::error!(code = ?other, "sharing out the work failed; the group tries again");
                Ok(())
            }
        };
        if let Err(error) = done {
            tracing::error!(%error, "a change of shares could not be carried out; the group tries again");
        }
    }
}

impl Member {
    fn take(&self, consumer: &BaseConsumer<Self>, assigned: &TopicPartitionList) -> Result<(), KafkaError> {
        let shares = self.topics.shares(assigned);
        let readings = self.topics.only(&self.topics.readings, assigned);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = i64::try_from(now.saturating_sub(LOOK_BACK).as_millis()).unwrap_or(0);
        let mut beginnings = beginnings(consumer, &self.topics.only(&self.topics.commands, assigned), since)?;
        for element in readings.elements() {
            beginnings.add_partition_offset(element.topic(), element.partition(), Offset::End)?;
        }
        consumer.incremental_assign(&beginnings)?;
        if readings.count() > 0 {
            consumer.pause(&readings)?;
        }
        if !shares.is_empty() {
            tell(&self.told, Ok(Turn::Taken(shares)));
        }
        Ok(())
    }

    fn give_back(&self, consumer: &BaseConsumer<Self>, revoked: &TopicPartitionList) -> Result<(), KafkaError> {
        let shares = self.topics.shares(revoked);
        if !shares.is_empty() {
            if consumer.assignment_lost() {
                tell(&self.told, Ok(Turn::Lost(shares)));
            } else {
                let (held, finished) = sync_channel(0);
                tell(&self.told, Ok(Turn::Released { shares, until_done: Done::new(held) }));
                if finished.recv_timeout(HAND_OVER) == Err(RecvTimeoutError::Timeout) {
                    tracing::warn!("what was begun is not finished yet, and the others wait no longer");
                }
            }
        }
        consumer.incremental_unassign(revoked)
    }
}
