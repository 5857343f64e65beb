//! This node's place in the cluster: one membership of one consumer group, whose assignments are shares of the work.
//!
//! The partitions of `<prefix>.commands` that are assigned here are the shares that this node decides for, and what others ask comes on
//! them. Those of `<prefix>.readings` are the shares that it collects; nothing is read from them here.

mod beginnings;
mod courier;
mod listener;
mod shares;

use super::{
    failure::{fits, unavailable},
    options::KafkaOptions,
    placing::{share_of, share_of_device},
};
use async_trait::async_trait;
use courier::Courier;
use listener::Listener;
use millwright_domain::{
    ids::{DeviceId, NodeId, SiteId},
    ports::{
        cluster::{Cluster, Forwarded, Share, Turn},
        event_log::LogError,
    },
    position::PartitionId,
};
use rdkafka::error::KafkaError;
use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::thread::JoinHandle;
use thiserror::Error;
use tokio::sync::{Mutex, mpsc};

/// Turns that may wait to be taken; more hold up the group's messages, not its heartbeats.
const WAITING: usize = 1_024;

/// Why a node takes no further part.
#[derive(Debug, Error)]
pub(super) enum Ended {
    #[error("the node's membership of the group has ended")]
    Left,
    #[error("the broker takes no membership from this node")]
    Refused(#[source] KafkaError),
}

pub struct Membership {
    options: KafkaOptions,
    node: NodeId,
    /// Nothing until somebody takes turns: a node that cannot work yet must not be given any.
    turns: Mutex<Option<mpsc::Receiver<Result<Turn, Ended>>>>,
    courier: Arc<Courier>,
    stop: Arc<AtomicBool>,
    listening: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Membership {
    /// Can send commands at once. The group is joined when the first turn is asked for.
    pub fn new(options: &KafkaOptions, node: &NodeId) -> Result<Self, LogError> {
        let courier = Courier::new(options).map_err(|cause| unavailable("joining the cluster", cause))?;
        Ok(Self {
            options: options.clone(),
            node: node.clone(),
            turns: Mutex::default(),
            courier: Arc::new(courier),
            stop: Arc::default(),
            listening: std::sync::Mutex::default(),
        })
    }

    fn join(&self) -> Result<mpsc::Receiver<Result<Turn, Ended>>, LogError> {
        let failed = |cause: Box<dyn std::error::Error + Send + Sync>| unavailable("joining the cluster", cause);
        let (told, turns) = mpsc::channel(WAITING);
        let listener = Listener::new(&self.options, &self.node, told, self.stop.clone()).map_err(|cause| failed(cause.into()))?;
        let thread = std::thread::Builder::new().name("cluster".into()).spawn(move || listener.run());
        let thread = thread.map_err(|cause| failed(cause.into()))?;
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).replace(thread);
        Ok(turns)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Cluster for Membership {
    fn deciding(&self, partition: &PartitionId) -> Share {
        Share::Deciding(share_of(partition, self.options.ledger_partitions))
    }

    fn collecting(&self, site: &SiteId, device: &DeviceId) -> Share {
        Share::Collecting(share_of_device(site, device, self.options.readings_partitions))
    }

    async fn turn(&self) -> Result<Turn, LogError> {
        let mut turns = self.turns.lock().await;
        let turns = match &mut *turns {
            Some(turns) => turns,
            none => none.insert(self.join()?),
        };
        let told = turns.recv().await.unwrap_or(Err(Ended::Left));
        told.map_err(|ended| unavailable("taking part in the cluster", ended))
    }

    async fn forward(&self, command: Forwarded) -> Result<(), LogError> {
        let Share::Deciding(share) = self.deciding(&command.partition) else {
            return Err(unavailable("sending a command to its owner", Ended::Left));
        };
        fits(command.ask.len())?;
        self.courier.send(share, &command).await.map_err(|cause| unavailable("sending a command to its owner", cause))
    }

    async fn leave(&self) {
        self.stop.store(true, Ordering::Relaxed);
        // Nobody takes turns any more; what the listener still has to say must not hold it up.
        if let Some(turns) = &mut *self.turns.lock().await {
            turns.close();
            // A release that waits to be carried out would be waited for. This ends: a closed channel takes nothing more.
            while turns.recv().await.is_some() {}
        }
        let thread = self.listening.lock().unwrap_or_else(PoisonError::into_inner).take();
        let left = tokio::task::spawn_blocking(move || thread.is_none_or(|thread| thread.join().is_ok())).await;
        if !left.unwrap_or(false) {
            tracing::error!("leaving the cluster failed: its thread had ended before; the others miss this node in a few seconds");
        }
    }
}

#[cfg(test)]
mod tests;
