//! Where to begin among the commands, so that none of a given time or after it is missed.

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
};
use std::time::Duration;

const ASKING: Duration = Duration::from_secs(5);

/// `since` is in ms. What comes while this is being found out is not missed either.
pub(super) fn beginnings<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    commands: &TopicPartitionList,
    since: i64,
) -> Result<TopicPartitionList, KafkaError> {
    let mut beginnings = TopicPartitionList::new();
    if commands.count() == 0 {
        return Ok(beginnings);
    }
    // Where nothing is so young, the answer by time is "the end", which would be resolved only later, behind what came meanwhile.
    // So the ends are asked for first, and as numbers.
    let ends = look_up(consumer, commands, Offset::End);
    let by_time = look_up(consumer, commands, Offset::Offset(since));
    for element in commands.elements() {
        let (topic, partition) = (element.topic(), element.partition());
        let begin = match (number(&by_time, topic, partition), number(&ends, topic, partition)) {
            (Some(by_time), Some(end)) => Offset::Offset(by_time.min(end)),
            (Some(only), None) | (None, Some(only)) => Offset::Offset(only),
            (None, None) => {
                tracing::warn!(topic, partition, "commands of before this takeover could not be found; their askers ask again");
                Offset::End
            }
        };
        beginnings.add_partition_offset(topic, partition, begin)?;
    }
    Ok(beginnings)
}

/// Kafka takes the same question for a time and for the end.
fn look_up<C: ConsumerContext>(consumer: &BaseConsumer<C>, commands: &TopicPartitionList, asked: Offset) -> TopicPartitionList {
    let mut asking = commands.clone();
    let answered = asking.set_all_offsets(asked).and_then(|()| consumer.offsets_for_times(asking, ASKING));
    answered.unwrap_or_else(|error| {
        tracing::warn!(%error, "where to begin among the commands was not told");
        TopicPartitionList::new()
    })
}

fn number(answered: &TopicPartitionList, topic: &str, partition: i32) -> Option<i64> {
    let element = answered.find_partition(topic, partition)?;
    match element.offset() {
        Offset::Offset(offset) if element.error().is_ok() => Some(offset),
        _ => None,
    }
}
