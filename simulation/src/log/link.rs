//! One program's way to the log: slow, sometimes cut, replies get lost. As the `EventLog` that the shipped code knows.

use super::{owner::OwnerOverLink, store::Store};
use crate::{
    chance::Chance,
    life::{Life, TrueTime},
    trace::{Step, Trace},
};
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    chain::StoredRecord,
    ports::event_log::{Committed, EventLog, LogError, Owner},
    position::{PartitionId, Position},
    reading::Scan,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// How bad the network is; for all programs, and for one.
#[derive(Default)]
pub struct Weather {
    /// The broker is gone.
    pub gone: AtomicBool,
    /// Of a thousand requests or replies so many are lost.
    pub losses: AtomicU64,
    /// Of a thousand requests so many are very slow.
    pub stalls: AtomicU64,
    /// Nothing goes wrong any more.
    pub calm: AtomicBool,
}

#[derive(Clone)]
pub struct Link {
    pub node: &'static str,
    pub store: Store,
    pub life: Arc<Life>,
    pub weather: Arc<Weather>,
    /// This program alone is cut off.
    pub cut: Arc<AtomicBool>,
    pub chance: Chance,
    pub trace: Trace,
    pub time: TrueTime,
}

impl Link {
    /// The request has arrived; `Err` if it never will.
    pub async fn request(&self, doing: &'static str) -> Result<(), LogError> {
        self.life.gate().await;
        self.travel().await;
        if self.is_cut() || self.is_lost() {
            return Err(self.unanswered(doing).await);
        }
        Ok(())
    }

    /// The reply has arrived; `Err` if it never will. What was asked for has happened all the same.
    pub async fn reply(&self, doing: &'static str) -> Result<(), LogError> {
        self.travel().await;
        if self.is_cut() || self.is_lost() {
            return Err(self.unanswered(doing).await);
        }
        self.life.gate().await;
        Ok(())
    }

    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed) || self.weather.gone.load(Ordering::Relaxed)
    }

    async fn travel(&self) {
        let stalls = self.chance.per_mille(self.weather.stalls.load(Ordering::Relaxed));
        let on_its_way = if stalls { self.chance.millis(200..2_500) } else { self.chance.millis(1..6) };
        tokio::time::sleep(on_its_way).await;
    }

    fn is_lost(&self) -> bool {
        let share = self.weather.losses.load(Ordering::Relaxed);
        share > 0 && self.chance.per_mille(share)
    }

    /// After as long as a client waits for an answer.
    async fn unanswered(&self, doing: &'static str) -> LogError {
        tokio::time::sleep(self.chance.millis(300..2_000)).await;
        self.life.gate().await;
        LogError::Unavailable { doing, cause: "no answer".into() }
    }
}

#[async_trait]
impl EventLog for Link {
    async fn own(&self, partition: &PartitionId, owner: &str, now: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        const DOING: &str = "taking a partition over";
        self.request(DOING).await?;
        let epoch = self.store.own(partition, owner, now);
        let tip = self.store.tip(partition);
        self.reply(DOING).await?;
        Ok(Box::new(OwnerOverLink { link: self.clone(), partition: partition.clone(), epoch, tip, spent: false }))
    }

    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        const DOING: &str = "appending readings";
        self.request(DOING).await?;
        // A broker that dies in the middle of a batch has taken the beginning of it.
        let partly = !self.weather.calm.load(Ordering::Relaxed) && self.chance.per_mille(10);
        let count = if partly { self.chance.from(0..scans.len() as u64 + 1) as usize } else { scans.len() };
        let position = self.store.measure(&scans, count);
        if count < scans.len() {
            return Err(self.unanswered(DOING).await);
        }
        self.reply(DOING).await?;
        let taken = scans.iter().map(|scan| (scan.device.to_string(), scan.epoch, scan.scan)).collect();
        self.trace.push(self.time.now(), Step::ScansTaken { node: self.node, scans: taken });
        Ok(position)
    }

    async fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        self.request("reading").await?;
        let page = self.store.ledger(partition, from, limit);
        self.reply("reading").await?;
        Ok(page)
    }

    async fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        self.request("reading").await?;
        let page = self.store.readings(partition, from, limit);
        self.reply("reading").await?;
        Ok(page)
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.request("asking for the end").await?;
        let head = self.store.head();
        self.reply("asking for the end").await?;
        Ok(head)
    }

    async fn past(&self, seen: &Position) -> Result<Position, LogError> {
        self.life.gate().await;
        loop {
            let head = self.store.past(seen).await;
            if !self.is_cut() {
                tokio::time::sleep(self.chance.millis(1..6)).await;
                self.life.gate().await;
                return Ok(head);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

/// Between the checks nothing happens, so there the log is read as it is.
#[async_trait]
impl EventLog for Store {
    async fn own(&self, partition: &PartitionId, _: &str, _: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        Err(LogError::Lost { partition: partition.clone(), why: "whoever only looks owns nothing".into() })
    }
    async fn append_readings(&self, _: Vec<Scan>) -> Result<Position, LogError> {
        Ok(self.head())
    }
    async fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        Ok(self.ledger(partition, from, limit))
    }
    async fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        Ok(self.readings(partition, from, limit))
    }
    async fn head(&self) -> Result<Position, LogError> {
        Ok(Store::head(self))
    }
    async fn past(&self, seen: &Position) -> Result<Position, LogError> {
        Ok(Store::past(self, seen).await)
    }
}
