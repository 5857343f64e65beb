//! The three topics: making them, and refusing to work on ones that would break the log's promises.

use super::{
    client::Quiet,
    options::{KafkaOptions, MESSAGE_BYTES},
};
use rdkafka::{
    admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication},
    config::FromClientConfigAndContext,
    error::{KafkaError, RDKafkaErrorCode},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use thiserror::Error;

const COMMANDS_KEPT: Duration = Duration::from_secs(3600);
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// The one setting that may be more than we need.
const LARGEST: &str = "max.message.bytes";
const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Debug, Error)]
pub enum TopicError {
    #[error("Kafka at {bootstrap} did not answer; check that it runs, and the address and security settings")]
    Unreachable {
        bootstrap: String,
        #[source]
        cause: KafkaError,
    },
    #[error("topic {topic} does not exist at {bootstrap}; make it with `millwright kafka init`")]
    Missing { topic: String, bootstrap: String },
    #[error("topic {topic} has {setting} {found} and needs {needed}; {mend}")]
    Unfit { topic: String, setting: &'static str, found: String, needed: String, mend: String },
    #[error("topic {topic} could not be made, changed or removed; check the permissions and how many brokers there are")]
    Refused {
        topic: String,
        #[source]
        cause: KafkaError,
    },
}

/// What a topic of ours has to be like.
struct Wanted {
    name: String,
    partitions: u32,
    replication: u32,
    settings: Vec<(&'static str, String)>,
}

fn wanted(options: &KafkaOptions) -> [Wanted; 3] {
    let topic = |name, partitions, retention: String, own: &[(&'static str, &str)]| {
        let mut settings = vec![
            ("cleanup.policy", "delete".to_owned()),
            ("retention.ms", retention),
            ("retention.bytes", "-1".to_owned()),
            ("min.insync.replicas", options.min_insync.to_string()),
            (LARGEST, MESSAGE_BYTES.to_string()),
        ];
        settings.extend(own.iter().map(|(setting, value)| (*setting, (*value).to_owned())));
        Wanted { name, partitions, replication: options.replication, settings }
    };
    let readings_kept = options.readings_retention_days.map_or("-1".to_owned(), |days| (u64::from(days) * DAY_MS).to_string());
    // By the brokers' clock, because commands are looked for by time.
    let commands = [("message.timestamp.type", "LogAppendTime")];
    [
        topic(options.ledger_topic(), options.ledger_partitions, "-1".to_owned(), &[]),
        topic(options.readings_topic(), options.readings_partitions, readings_kept, &[]),
        topic(options.commands_topic(), options.ledger_partitions, COMMANDS_KEPT.as_millis().to_string(), &commands),
    ]
}

/// How safe records are on the topics as they were made, or found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Copies of each record.
    pub copies: u32,
    /// So many must be there before a record counts as written.
    pub in_sync: u32,
    /// Brokers that answered.
    pub brokers: usize,
}

impl Made {
    /// What to do about too few copies: nothing else ever does, and one broker that was away in this moment is enough to have them.
    pub fn advice(&self) -> Option<String> {
        (self.copies < 3).then(|| {
            format!(
                "brokers that answered: {}; copies of each record: {}, and it stays at that when more brokers come; to have 3, raise the replicas \
                 of all three topics with Kafka's own kafka-reassign-partitions.sh and run `millwright kafka init` again",
                self.brokers, self.copies
            )
        })
    }
}

/// Makes the topics that are missing, and sets the settings of those that are there. Doing it again changes nothing.
pub async fn init(options: &KafkaOptions) -> Result<Made, TopicError> {
    let admin = Admin::connect(options)?;
    for topic in wanted(options) {
        if admin.partitions(&topic.name).await?.is_none() {
            admin.create(&topic).await?;
        } else {
            admin.set(&topic).await?;
        }
    }
    admin.wait_for_all(&wanted(options)).await?;
    check(options).await?;
    let brokers = admin.ask(|client, patience| Ok(client.inner().fetch_metadata(None, patience)?.brokers().len())).await?;
    Ok(Made { copies: options.replication, in_sync: options.min_insync, brokers })
}

/// Whether the topics are as they must be. Returns the cluster's id.
pub async fn check(options: &KafkaOptions) -> Result<String, TopicError> {
    let admin = Admin::connect(options)?;
    for topic in wanted(options) {
        admin.check(&topic).await?;
    }
    admin.cluster().await
}

/// Removes the topics with all that is in them: for trials under a prefix of their own.
pub async fn remove(options: &KafkaOptions) -> Result<(), TopicError> {
    let admin = Admin::connect(options)?;
    for topic in wanted(options) {
        let removed = admin.client.delete_topics(&[&topic.name], &admin.asking()).await.map_err(|cause| admin.unreachable(cause))?;
        if let Some(Err((_, code))) = removed.into_iter().next() {
            return Err(TopicError::Refused { topic: topic.name.clone(), cause: KafkaError::AdminOp(code) });
        }
    }
    Ok(())
}

struct Admin {
    client: Arc<AdminClient<Quiet>>,
    bootstrap: String,
    patience: Duration,
}

/// How many partitions a topic has, and the fewest replicas of one.
struct Shape {
    partitions: usize,
    replication: usize,
    led: bool,
}

impl Admin {
    fn connect(options: &KafkaOptions) -> Result<Self, TopicError> {
        let made = AdminClient::from_config_and_context(&options.client(), Quiet);
        let client = made.map_err(|cause| TopicError::Unreachable { bootstrap: options.bootstrap.clone(), cause })?;
        Ok(Self { client: Arc::new(client), bootstrap: options.bootstrap.clone(), patience: options.patience })
    }
    fn unreachable(&self, cause: KafkaError) -> TopicError {
        TopicError::Unreachable { bootstrap: self.bootstrap.clone(), cause }
    }
    fn asking(&self) -> AdminOptions {
        AdminOptions::new().request_timeout(Some(self.patience)).operation_timeout(Some(self.patience))
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&AdminClient<Quiet>, Duration) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, TopicError> {
        let (client, patience) = (self.client.clone(), self.patience);
        let asked = tokio::task::spawn_blocking(move || ask(&client, patience)).await;
        asked.unwrap_or(Err(KafkaError::Canceled)).map_err(|cause| self.unreachable(cause))
    }
    async fn cluster(&self) -> Result<String, TopicError> {
        self.ask(|client, patience| client.inner().fetch_cluster_id(patience).ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut)))
            .await
    }
    async fn partitions(&self, topic: &str) -> Result<Option<Shape>, TopicError> {
        let name = topic.to_owned();
        let metadata = self.ask(move |client, patience| client.inner().fetch_metadata(Some(&name), patience)).await?;
        let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        Ok(found.filter(|found| !found.partitions().is_empty()).map(|found| Shape {
            partitions: found.partitions().len(),
            replication: found.partitions().iter().map(|partition| partition.replicas().len()).min().unwrap_or(0),
            led: found.partitions().iter().all(|partition| partition.leader() >= 0),
        }))
    }

    async fn create(&self, topic: &Wanted) -> Result<(), TopicError> {
        let mut new = NewTopic::new(&topic.name, topic.partitions as i32, TopicReplication::Fixed(topic.replication as i32));
        for (setting, value) in &topic.settings {
            new = new.set(setting, value);
        }
        let made = self.client.create_topics([&new], &self.asking()).await.map_err(|cause| self.unreachable(cause))?;
        match made.into_iter().next() {
            // Somebody else made it in this moment: the check that follows tells whether it is as we want it.
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | Some(Ok(_)) | None => Ok(()),
            Some(Err((_, code))) => Err(TopicError::Refused { topic: topic.name.clone(), cause: KafkaError::AdminOp(code) }),
        }
    }
    async fn set(&self, topic: &Wanted) -> Result<(), TopicError> {
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(&topic.name));
        for (setting, value) in &topic.settings {
            change = change.set(setting, value);
        }
        let changed = self.client.alter_configs([&change], &self.asking()).await.map_err(|cause| self.unreachable(cause))?;
        match changed.into_iter().next() {
            Some(Err((_, code))) => Err(TopicError::Refused { topic: topic.name.clone(), cause: KafkaError::AdminOp(code) }),
            _ => Ok(()),
        }
    }
    async fn wait_for_all(&self, topics: &[Wanted]) -> Result<(), TopicError> {
        let deadline = Instant::now() + self.patience;
        for topic in topics {
            while !self.partitions(&topic.name).await?.is_some_and(|shape| shape.led) && Instant::now() < deadline {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
        Ok(())
    }

    async fn check(&self, topic: &Wanted) -> Result<(), TopicError> {
        let unfit =
            |setting, found: String, needed: String, mend: String| TopicError::Unfit { topic: topic.name.clone(), setting, found, needed, mend };
        let missing = || TopicError::Missing { topic: topic.name.clone(), bootstrap: self.bootstrap.clone() };
        let shape = self.partitions(&topic.name).await?.ok_or_else(missing)?;
        if shape.partitions != topic.partitions as usize {
            let mend = format!("it cannot be changed once there are records, so set {} in the settings, or use another prefix", shape.partitions);
            return Err(unfit("partitions", shape.partitions.to_string(), topic.partitions.to_string(), mend));
        }
        if shape.replication < topic.replication as usize {
            let mend = "raise it with Kafka's own kafka-reassign-partitions.sh, or lower `replication` in the settings".to_owned();
            return Err(unfit("replication", shape.replication.to_string(), format!("at least {}", topic.replication), mend));
        }
        let resource = ResourceSpecifier::Topic(&topic.name);
        let described = self.client.describe_configs([&resource], &self.asking()).await.map_err(|cause| self.unreachable(cause))?;
        let Some(Ok(described)) = described.into_iter().next() else { return Err(missing()) };
        for (setting, needed) in &topic.settings {
            let found = described.get(setting).and_then(|entry| entry.value.clone()).unwrap_or_else(|| "nothing".into());
            let enough = *setting == LARGEST && found.parse::<usize>().is_ok_and(|found| found >= MESSAGE_BYTES);
            if found != *needed && !enough {
                let needed = if *setting == LARGEST { format!("at least {needed}") } else { needed.clone() };
                return Err(unfit(setting, found, needed, "mend it with `millwright kafka init`".into()));
            }
        }
        Ok(())
    }
}
