//! What can be set on the log in Kafka, and the client settings that follow from it.

use rdkafka::{ClientConfig, config::RDKafkaLogLevel};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// The largest message, with all that Kafka puts around a record. Describing a plant of some thousand signals takes more than the megabyte
/// that Kafka takes by itself.
pub(super) const MESSAGE_BYTES: usize = 8 << 20;
/// What is left of that for the record when key, headers and framing have had theirs.
pub(super) const RECORD_BYTES: usize = MESSAGE_BYTES - (64 << 10);

#[derive(Clone)]
pub struct KafkaOptions {
    /// `host:port`, several of them with commas between.
    pub bootstrap: String,
    /// All names on the cluster begin with it: topics, transactional ids, the consumer group.
    pub prefix: String,
    /// Sites share so many partitions of the ledger's topic. Never to be changed once there are facts.
    pub ledger_partitions: u32,
    /// Devices are spread over so many partitions of the readings' topic.
    pub readings_partitions: u32,
    pub replication: u32,
    pub min_insync: u32,
    /// `lz4`, `zstd`, `snappy`, `gzip` or `none`.
    pub compression: String,
    /// Readings older than this are dropped; `None` keeps all.
    pub readings_retention_days: Option<u32>,
    /// How long a dead owner's open transaction can hold readers up.
    pub transaction_timeout: Duration,
    /// How long anything is tried before it counts as unavailable.
    pub patience: Duration,
    /// Any further property of librdkafka, such as `security.protocol`, `sasl.username`, `ssl.ca.location`.
    pub extra: BTreeMap<String, String>,
    /// A file that says where in the topic a seq is. May be deleted: it is made again from the topic.
    pub index: PathBuf,
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self {
            bootstrap: "127.0.0.1:9092".into(),
            prefix: "millwright".into(),
            ledger_partitions: 12,
            readings_partitions: 12,
            replication: 3,
            min_insync: 2,
            compression: "lz4".into(),
            readings_retention_days: Some(90),
            transaction_timeout: Duration::from_secs(10),
            patience: Duration::from_secs(20),
            extra: BTreeMap::new(),
            index: "data/kafka-index.db".into(),
        }
    }
}

impl KafkaOptions {
    pub fn ledger_topic(&self) -> String {
        format!("{}.ledger", self.prefix)
    }
    pub fn readings_topic(&self) -> String {
        format!("{}.readings", self.prefix)
    }
    pub fn commands_topic(&self) -> String {
        format!("{}.commands", self.prefix)
    }

    /// What every client of ours has. `extra` comes first: what our promises rest on is set over it.
    pub fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.bootstrap).set("client.id", &self.prefix);
        client.set("reconnect.backoff.max.ms", "2000").set("allow.auto.create.topics", "false");
        for (property, value) in &self.extra {
            client.set(property, value);
        }
        client.set("message.max.bytes", MESSAGE_BYTES.to_string());
        client.set_log_level(RDKafkaLogLevel::Warning);
        client
    }

    /// Whoever reads. The largest message comes in one answer, and an answer of all partitions together holds no more than two of them.
    pub(super) fn consumer(&self) -> ClientConfig {
        let mut client = self.client();
        client.set("fetch.message.max.bytes", MESSAGE_BYTES.to_string()).set("fetch.max.bytes", (2 * MESSAGE_BYTES).to_string());
        client.set("enable.auto.commit", "false").set("fetch.wait.max.ms", "100").set("fetch.error.backoff.ms", "100");
        client
    }

    /// Reads only what was committed, from where it is told. The group is never joined; without a name there is no consumer.
    pub(super) fn reader(&self) -> ClientConfig {
        let mut client = self.consumer();
        client.set("group.id", format!("{}.readers", self.prefix)).set("queued.max.messages.kbytes", "16384");
        client.set("isolation.level", "read_committed").set("check.crcs", "true");
        // The answer to an empty fetch is what tells that the end is reached.
        client.set("enable.partition.eof", "true");
        client
    }

    /// Acknowledged by all replicas in sync, in order, without repeats.
    pub(super) fn writer(&self) -> ClientConfig {
        let mut client = self.client();
        client.set("enable.idempotence", "true").set("acks", "all").set("compression.type", &self.compression);
        client
    }

    pub(super) fn owner(&self, partition: &str) -> ClientConfig {
        let timeout = self.transaction_timeout.as_millis().to_string();
        let mut client = self.writer();
        client.set("transactional.id", format!("{}.ledger.{partition}", self.prefix)).set("transaction.timeout.ms", timeout);
        // A commit's records are all handed over before it is flushed, so waiting for more would only add to its time.
        client.set("linger.ms", "0");
        client
    }
}
