//! From the group's assignments to shares: partitions of two topics, each a kind of work.

use super::super::options::KafkaOptions;
use millwright_domain::ports::cluster::Share;
use rdkafka::TopicPartitionList;

/// Which topic means which work.
#[derive(Clone)]
pub(super) struct Topics {
    pub commands: String,
    pub readings: String,
}

impl Topics {
    pub fn of(options: &KafkaOptions) -> Self {
        Self { commands: options.commands_topic(), readings: options.readings_topic() }
    }

    pub fn shares(&self, assigned: &TopicPartitionList) -> Vec<Share> {
        let share = |topic: &str, partition: i32| {
            let number = u32::try_from(partition).ok()?;
            match topic {
                _ if topic == self.commands => Some(Share::Deciding(number)),
                _ if topic == self.readings => Some(Share::Collecting(number)),
                _ => None,
            }
        };
        assigned.elements().iter().filter_map(|element| share(element.topic(), element.partition())).collect()
    }

    /// The part of an assignment that is of one topic.
    pub fn only(&self, topic: &str, assigned: &TopicPartitionList) -> TopicPartitionList {
        let mut only = TopicPartitionList::new();
        for element in assigned.elements().iter().filter(|element| element.topic() == topic) {
            only.add_partition(topic, element.partition());
        }
        only
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assigned_partition_is_a_share_of_its_topics_work_and_others_are_none() {
        let topics = Topics::of(&KafkaOptions::default());
        let mut assigned = TopicPartitionList::new();
        assigned.add_partition("millwright.commands", 3);
        assigned.add_partition("millwright.readings", 0);
        assigned.add_partition("somebody.elses", 7);
        assert_eq!(topics.shares(&assigned), [Share::Deciding(3), Share::Collecting(0)]);
        assert_eq!(topics.only("millwright.readings", &assigned).count(), 1);
    }
}
