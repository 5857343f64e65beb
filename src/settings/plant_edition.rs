//! Settings of the plant edition: Kafka, Postgres, and this node's place in a cluster.

use anyhow::{Context, Result, ensure};
use millwright_domain::ids::NodeId;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Where facts and readings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// In the data folder, by this program alone.
    Embedded,
    /// On Apache Kafka, by one program or several.
    Kafka,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    pub bootstrap: String,
    /// Topics, transactional ids and the consumer group begin with it.
    pub prefix: String,
    /// Of the ledger and the commands. Never changed once there are facts.
    pub ledger_partitions: u32,
    pub readings_partitions: u32,
    /// Copies of each record; 0 takes three, or as many as there are brokers.
    pub replication: u32,
    pub compression: Compression,
    /// How long an owner that died can hold up readers of its partition.
    pub transaction_timeout_s: u32,
    /// A file that holds the SASL password and nothing else; empty for none.
    pub sasl_password_file: PathBuf,
    /// Any property of librdkafka, such as `security.protocol`.
    pub properties: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    None,
    Lz4,
    Zstd,
}

impl Compression {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Projections {
    /// A `postgres://` address; empty for SQLite in the data folder.
    pub postgres: String,
    /// A file that holds the password and nothing else; empty if the address holds it or none is needed.
    pub password_file: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// This program's name among the others, the same after a restart; empty takes the machine's.
    pub node: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreForward {
    /// What readings may take on disk while the log is away.
    pub max_mb: u64,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            bootstrap: "127.0.0.1:9092".into(),
            prefix: "millwright".into(),
            ledger_partitions: 12,
            readings_partitions: 12,
            replication: 0,
            compression: Compression::Lz4,
            transaction_timeout_s: 10,
            sasl_password_file: PathBuf::new(),
            properties: BTreeMap::new(),
        }
    }
}
impl Default for StoreForward {
    fn default() -> Self {
        Self { max_mb: 256 }
    }
}

impl Kafka {
    pub fn checked(&self) -> Result<()> {
        ensure!(
            self.ledger_partitions > 0 && self.readings_partitions > 0,
            "kafka.ledger_partitions and kafka.readings_partitions must be at least 1"
        );
        ensure!(self.transaction_timeout_s > 0, "kafka.transaction_timeout_s must be at least 1");
        let is_topic_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        ensure!(
            !self.prefix.is_empty() && self.prefix.len() <= 100 && self.prefix.chars().all(is_topic_name),
            "kafka.prefix may hold letters, digits, `.`, `_` and `-`, and must not be empty"
        );
        Ok(())
    }

    /// The properties with the password from its file.
    pub fn with_password(&self) -> Result<BTreeMap<String, String>> {
        let mut properties = self.properties.clone();
        if let Some(password) = secret(&self.sasl_password_file, "kafka.sasl_password_file")? {
            properties.insert("sasl.password".into(), password);
        }
        Ok(properties)
    }
}

impl Projections {
    pub fn password(&self) -> Result<Option<String>> {
        secret(&self.password_file, "projections.password_file")
    }
}

impl Cluster {
    /// The configured name, or the machine's.
    pub fn node(&self) -> Result<NodeId> {
        if !self.node.is_empty() {
            return self.node.parse().context("the setting `cluster.node`");
        }
        let machine = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_ascii_lowercase();
        machine.parse().with_context(|| format!("this machine's name {machine:?} cannot name a node; set `cluster.node`"))
    }
}

/// What stands in a file of a secret, without its line end.
pub(super) fn secret(file: &Path, setting: &str) -> Result<Option<String>> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    // What stands there is not repeated: it may be the secret itself.
    let text = fs::read_to_string(file).with_context(|| format!("could not read the file that `{setting}` names"))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_string()))
}
