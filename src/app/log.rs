//! The log that the settings ask for: embedded in the data folder, or on Kafka together with this node's place in its cluster.

use crate::settings::{Engine, Settings};
use anyhow::{Context, Result, ensure};
use millwright_domain::{
    ids::NodeId,
    ports::{cluster::Cluster, event_log::EventLog},
};
use millwright_infra::log::{
    embedded::{EmbeddedLog, EmbeddedOptions},
    kafka::{KafkaLog, KafkaOptions, membership::Membership},
};
use std::{fs, sync::Arc, time::Duration};

pub enum OpenLog {
    Embedded(Arc<EmbeddedLog>),
    Kafka { log: Arc<KafkaLog>, cluster: Arc<Membership> },
}

impl OpenLog {
    pub async fn open(settings: &Settings, node: &NodeId) -> Result<Self> {
        match settings.log.engine {
            Engine::Embedded => {
                let log = EmbeddedLog::open(settings.data.join("log"), embedded_options(settings))?;
                Ok(Self::Embedded(Arc::new(log)))
            }
            Engine::Kafka => {
                let options = kafka_options(settings).await?;
                let log = KafkaLog::open(options.clone()).await.context("the log on Kafka cannot be used")?;
                let cluster = Membership::new(&options, node).context("could not get ready for the cluster")?;
                Ok(Self::Kafka { log: Arc::new(log), cluster: Arc::new(cluster) })
            }
        }
    }

    pub fn log(&self) -> Arc<dyn EventLog> {
        match self {
            Self::Embedded(log) => log.clone(),
            Self::Kafka { log, .. } => log.clone(),
        }
    }

    /// The other nodes, if the log is one that several can share.
    pub fn cluster(&self) -> Option<Arc<dyn Cluster>> {
        match self {
            Self::Embedded(_) => None,
            Self::Kafka { cluster, .. } => Some(cluster.clone()),
        }
    }

    pub async fn close(self) {
        match self {
            Self::Embedded(log) => log.close().await,
            Self::Kafka { log, .. } => log.close().await,
        }
    }
}

fn retention_days(settings: &Settings) -> Option<u32> {
    let days = settings.log.readings_retention_days;
    (days > 0).then_some(days)
}

fn embedded_options(settings: &Settings) -> EmbeddedOptions {
    EmbeddedOptions { readings_partitions: settings.log.readings_partitions, retention_days: retention_days(settings), ..EmbeddedOptions::default() }
}

/// What the settings say, with what they leave open asked of the brokers.
pub async fn kafka_options(settings: &Settings) -> Result<KafkaOptions> {
    let kafka = &settings.kafka;
    let options = KafkaOptions {
        bootstrap: kafka.bootstrap.clone(),
        prefix: kafka.prefix.clone(),
        ledger_partitions: kafka.ledger_partitions,
        readings_partitions: kafka.readings_partitions,
        compression: kafka.compression.as_str().into(),
        readings_retention_days: retention_days(settings),
        transaction_timeout: Duration::from_secs(kafka.transaction_timeout_s.into()),
        extra: kafka.with_password()?,
        index: settings.data.join("kafka-index.db"),
        ..KafkaOptions::default()
    };
    Ok(options.with_replicas(kafka.replication).await?)
}

/// The log for those who change what stands beside it: on one machine nobody else may be at work there.
pub async fn alone(settings: &Settings) -> Result<Arc<dyn EventLog>> {
    match settings.log.engine {
        Engine::Embedded => {
            let folder = settings.data.join("log");
            ensure!(folder.exists(), "there is no log at {}; name the data folder with --data", folder.display());
            Ok(Arc::new(EmbeddedLog::open(folder, embedded_options(settings))?))
        }
        Engine::Kafka => read_only(settings).await,
    }
}

/// The log for those who only look, beside whoever writes it.
pub async fn read_only(settings: &Settings) -> Result<Arc<dyn EventLog>> {
    match settings.log.engine {
        Engine::Embedded => {
            let folder = settings.data.join("log");
            ensure!(folder.exists(), "there is no log at {}; name the data folder with --data", folder.display());
            Ok(Arc::new(EmbeddedLog::open_read_only(folder)?))
        }
        Engine::Kafka => {
            fs::create_dir_all(&settings.data).with_context(|| format!("could not make the data folder {}", settings.data.display()))?;
            // A running program keeps its own index.
            let options = KafkaOptions { index: settings.data.join("kafka-index.reader.db"), ..kafka_options(settings).await? };
            Ok(Arc::new(KafkaLog::open(options).await.context("the log on Kafka cannot be read")?))
        }
    }
}
