//! The looks at the whole, while time stands still: shipped projections on SQLite and a worker's state, kept through the run, against a replay.

use crate::{chance::Chance, log::altered::Altered, mutant::Mutant, node::Outside, people::Reach, trace::Step};
use anyhow::{Context, Result};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_agents::site_tail::SiteTail;
use millwright_commands::{Ask, ReleaseKillSwitch};
use millwright_domain::{
    Event, Timestamp,
    action::Action,
    chain::StoredRecord,
    effect::Effect,
    ids::{CommandId, derived},
    ports::event_log::{Committed, EventLog, LogError, Owner},
    position::{PartitionId, Position},
    reading::Scan,
    site::Site,
};
use millwright_projections::Projections;
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// What is kept from the beginning to the end of a run.
pub struct Kept {
    outside: Outside,
    chance: Chance,
    /// With a time of its own: while it works, the plant stands still.
    runtime: Runtime,
    folder: TempDir,
    projections: Projections,
    tail: Option<SiteTail>,
}

impl Kept {
    pub fn open(outside: Outside, chance: Chance) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().context("no runtime for the projections")?;
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory).or_else(|_| TempDir::new()) } else { TempDir::new() }?;
        let projections = runtime.block_on(Projections::open(folder.path()))?;
        Ok(Self { outside, chance, runtime, folder, projections, tail: None })
    }

    /// Takes in what has come since the last look, in pieces, and shows it to the invariants.
    pub fn look(&mut self, now: Timestamp) -> Result<()> {
        let log = self.log();
        for _ in 0..2 {
            let part = Part { log: log.clone(), share: self.chance.share() };
            self.runtime.block_on(self.projections.catch_up(&part))?;
        }
        if self.chance.per_mille(300) {
            self.projections = self.runtime.block_on(Projections::open(self.folder.path()))?;
        }
        let site = self.state()?;
        let kept = vec![(PartitionId::site(&crate::plant::described().site), Box::new(site))];
        self.outside.trace.push(now, Step::Looked { ledgers: self.outside.store.all(), kept });
        Ok(())
    }

    fn state(&mut self) -> Result<Site> {
        let site = PartitionId::site(&crate::plant::described().site);
        let blind = self.chance.clone();
        let log: Arc<dyn EventLog> = if self.outside.mutant == Some(Mutant::FoldDependsOnChance) {
            let blind_to = Arc::new(move |event: &Event| matches!(event, Event::AlertRaised(_)) && blind.per_mille(200));
            Arc::new(Altered { log: Arc::new(self.outside.store.clone()), blind_to })
        } else {
            Arc::new(self.outside.store.clone())
        };
        let tail = match &mut self.tail {
            Some(tail) => {
                self.runtime.block_on(tail.up_to_now())?;
                tail
            }
            none => none.insert(self.runtime.block_on(SiteTail::at_the_end(log, site))?),
        };
        Ok(tail.site.clone())
    }

    /// Builds every projection from the first fact on, beside the kept ones, by the shipped comparison.
    pub fn rebuild(&mut self, now: Timestamp) -> Result<()> {
        self.runtime.block_on(self.projections.catch_up(&*self.log()))?;
        let store = self.outside.store.clone();
        let ledger = self.runtime.block_on(self.projections.rebuild(&store)).map(drop);
        let readings = self.runtime.block_on(self.projections.rebuild_readings(&store)).map(drop);
        for (what, rebuilt) in [("the ledger's projections", ledger), ("the readings' projections", readings)] {
            let detail = rebuilt.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
            self.outside.trace.push(now, Step::Compared { what, same: rebuilt.is_ok(), detail });
        }
        Ok(())
    }

    fn log(&self) -> Arc<dyn EventLog> {
        let store = Arc::new(self.outside.store.clone());
        if self.outside.mutant == Some(Mutant::ProjectionSkips) {
            return Arc::new(Altered { log: store, blind_to: Arc::new(|event| matches!(event, Event::ActionApproved(_))) });
        }
        store
    }
}

/// The log as it was when it held only a share of what it holds: batches end where chance has it.
struct Part {
    log: Arc<dyn EventLog>,
    share: f64,
}

#[async_trait]
impl EventLog for Part {
    async fn own(&self, partition: &PartitionId, owner: &str, now: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        self.log.own(partition, owner, now).await
    }
    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        self.log.append_readings(scans).await
    }
    async fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        self.log.read_ledger(partition, from, limit).await
    }
    async fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        self.log.read_readings(partition, from, limit).await
    }
    async fn head(&self) -> Result<Position, LogError> {
        let whole = self.log.head().await?;
        let mut part = Position::default();
        for (partition, next) in whole.partitions() {
            part.advance(partition, (next as f64 * self.share) as u64);
        }
        Ok(part)
    }
    async fn past(&self, seen: &Position) -> Result<Position, LogError> {
        self.log.past(seen).await
    }
}

/// What should have ended by now, and has not.
pub async fn left_undone(outside: &Outside, reach: &Reach) -> Vec<String> {
    let nodes = reach.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut left = vec![];
    let Some(site) = nodes.first().map(|node| node.site()) else { return left };
    for node in &nodes {
        let id = CommandId(derived(node.name, "is anybody there", 0));
        let ask = Ask::new("ann".parse().expect("a name"), ReleaseKillSwitch).with_id(id);
        let answered = tokio::time::timeout(Duration::from_secs(60), node.commands.ask(&site, ask)).await;
        match answered {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => left.push(format!("{} does not answer: {error}", node.name)),
            Err(_) => left.push(format!("{} does not answer", node.name)),
        }
    }
    match SiteTail::at_the_end(Arc::new(outside.store.clone()), site).await {
        Ok(tail) => left.extend(unended(&tail.site, outside.time.now() - TimeDelta::seconds(60))),
        Err(error) => left.push(error.to_string()),
    }
    left.sort();
    left
}

/// `before` leaves a minute for what was due just now.
fn unended(site: &Site, before: Timestamp) -> Vec<String> {
    let mut left = vec![];
    for file in site.cases.values().filter_map(|case| case.open_file()) {
        for action in file.actions.values() {
            let overdue = match action {
                Action::AwaitingApproval { proposal, .. } => proposal.expires_at < before,
                Action::Approved { .. } => true,
                Action::Started { proposal, send_by, .. } => proposal.written_signal().is_some() && *send_by < before,
                Action::Completed { .. } | Action::Ended { .. } | Action::Unverified { .. } => false,
            };
            if overdue {
                left.push(format!("action {} is still {}", action.proposal().action, action.stage()));
            }
        }
    }
    for (scope, account) in &site.budgets {
        let overdue = account.open.iter().filter(|(_, hold)| hold.expires_at < before);
        left.extend(overdue.map(|(reservation, _)| format!("reservation {reservation} of {scope} is still held")));
    }
    let waiting = site.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Wanted { .. }));
    left.extend(waiting.map(|(effect, _)| format!("effect {effect} was never attempted")));
    left
}
