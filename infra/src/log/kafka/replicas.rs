//! How many copies there are of each record where the settings leave it open: as many as the ledger has, else as there are brokers, three at most.

use super::{client::Quiet, options::KafkaOptions, topics::TopicError};
use rdkafka::{
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

const MOST: usize = 3;

impl KafkaOptions {
    /// With replication settled, and with it how many copies must be there before a record counts as written: all but one.
    pub async fn with_replicas(mut self, configured: u32) -> Result<Self, TopicError> {
        self.replication = if configured > 0 { configured } else { self.found().await? };
        self.min_insync = self.replication.saturating_sub(1).max(1);
        Ok(self)
    }

    async fn found(&self) -> Result<u32, TopicError> {
        let (options, topic) = (self.clone(), self.ledger_topic());
        let asked = tokio::task::spawn_blocking(move || -> Result<usize, KafkaError> {
            let client: BaseConsumer<Quiet> = BaseConsumer::from_config_and_context(&options.client(), Quiet)?;
            let metadata = client.client().fetch_metadata(None, options.patience)?;
            let partitions = metadata.topics().iter().find(|found| found.name() == topic).map_or(&[][..], |found| found.partitions());
            // A broker that is away is missing among the brokers, and still counts among the replicas.
            let replicas = partitions.iter().map(|partition| partition.replicas().len()).min();
            Ok(replicas.unwrap_or(metadata.brokers().len()).clamp(1, MOST))
        });
        let found = asked.await.unwrap_or(Err(KafkaError::Canceled));
        let count = found.map_err(|cause| TopicError::Unreachable { bootstrap: self.bootstrap.clone(), cause })?;
        Ok(u32::try_from(count).unwrap_or(1))
    }
}
