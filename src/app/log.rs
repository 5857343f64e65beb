//! The log that the settings ask for: embedded in the data folder, or on Kafka together with this node's place in its cluster.

use crate::settings::{Engine, Settings};
use anyhow::Result;
use millwright_domain::{
    ids::NodeId,
    ports::{cluster::Cluster, event_log::EventLog},
};
use millwright_infra::log::embedded::{EmbeddedLog, EmbeddedOptions};
use std::sync::Arc;

pub enum OpenLog {
    Embedded(Arc<EmbeddedLog>),
}

impl OpenLog {
    pub async fn open(settings: &Settings, _node: &NodeId) -> Result<Self> {
        match settings.log.engine {
            Engine::Embedded => {
                let days = settings.log.readings_retention_days;
                let options = EmbeddedOptions {
                    readings_partitions: settings.log.readings_partitions,
                    retention_days: (days > 0).then_some(days),
                    ..EmbeddedOptions::default()
                };
                Ok(Self::Embedded(Arc::new(EmbeddedLog::open(settings.data.join("log"), options)?)))
            }
            Engine::Kafka => anyhow::bail!("kafka"),
        }
    }

    pub fn log(&self) -> Arc<dyn EventLog> {
        match self {
            Self::Embedded(log) => log.clone(),
        }
    }

    pub fn cluster(&self) -> Option<Arc<dyn Cluster>> {
        match self {
            Self::Embedded(_) => None,
        }
    }

    pub async fn close(self) {
        match self {
            Self::Embedded(log) => log.close().await,
        }
    }
}
