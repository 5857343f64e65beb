//! The thread that reads the end of the readings' topic into memory, once for all who follow it.

use super::lane::Newest;
use crate::log::kafka::{client::Measured, options::KafkaOptions, view::View};
use millwright_domain::position::{PartitionId, Position};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaResult,
    message::Message,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const POLL: Duration = Duration::from_millis(100);
const TELL_AFTER: usize = 1_000;

pub(super) struct Follower {
    consumer: BaseConsumer<Measured>,
    view: Arc<View>,
    newest: Arc<Newest>,
    stop: Arc<AtomicBool>,
}

impl Follower {
    /// Blocks: asks the brokers where the topic ends.
    pub(super) fn new(options: &KafkaOptions, view: Arc<View>, newest: Arc<Newest>, stop: Arc<AtomicBool>) -> KafkaResult<Self> {
        let topic = options.readings_topic();
        let mut client = options.reader();
        // Whoever falls behind retention goes on with what is kept.
        client.set("auto.offset.reset", "earliest").set("statistics.interval.ms", "5000").set("queued.max.messages.kbytes", "65536");
        let consumer: BaseConsumer<Measured> = client.create_with_context(Measured)?;
        let mut assignment = TopicPartitionList::new();
        let mut ends = Position::default();
        for share in 0..options.readings_partitions {
            let (_, end) = consumer.fetch_watermarks(&topic, share as i32, options.patience)?;
            assignment.add_partition_offset(&topic, share as i32, Offset::Offset(end))?;
            if end > 0 {
                ends.advance(&PartitionId::readings(share), end as u64);
            }
        }
        consumer.assign(&assignment)?;
        newest.told(&ends);
        view.publish(&ends);
        Ok(Self { consumer, view, newest, stop })
    }

    pub(super) fn run(self) {
        while !self.stop.load(Ordering::Relaxed) {
            let mut read = Position::default();
            let mut wait = POLL;
            for _record in 0..TELL_AFTER {
                match self.consumer.poll(wait) {
                    None => break,
                    Some(Ok(message)) => {
                        let next = message.offset() as u64 + 1;
                        self.newest.push(message.partition(), message.offset() as u64, message.payload().unwrap_or_default());
                        read.advance(&PartitionId::readings(message.partition() as u32), next);
                    }
                    // The end for now, or a connection that mends itself.
                    Some(Err(cause)) => tracing::trace!(error = %cause, "reading readings"),
                }
                wait = Duration::ZERO;
            }
            if read != Position::default() {
                self.newest.told(&read);
                self.view.publish(&read);
            }
        }
    }
}
