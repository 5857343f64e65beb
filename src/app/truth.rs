//! What a simulator really does goes to a partition of its own on the log, which only the evaluation reads.

use anyhow::Result;
use millwright_agents::insist::insist;
use millwright_commands::{Ask, Commands, MarkTruth};
use millwright_domain::{
    Event, Timestamp,
    codec::decode,
    ids::{ActorId, AssetId, CauseId, SiteId},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    site::GroundTruthMarked,
};
use millwright_ingest::simulator::plant::TruthTeller;
use std::{collections::BTreeSet, sync::Arc};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A teller for the simulator, and what it tells waiting to be recorded. A scenario has a handful of marks; the bound is never met.
pub fn channel() -> (TruthTeller, mpsc::Receiver<(Timestamp, GroundTruthMarked)>) {
    let (sender, marks) = mpsc::channel(1_024);
    let teller = move |at, truth| {
        if let Err(error) = sender.try_send((at, truth)) {
            tracing::error!(%error, "a mark of ground truth was lost; this run cannot be evaluated");
        }
    };
    (Box::new(teller), marks)
}

/// Records marks until the simulator is gone or everything stops.
pub fn record(
    mut marks: mpsc::Receiver<(Timestamp, GroundTruthMarked)>,
    commands: Commands,
    clock: Arc<dyn Clock>,
    site: &SiteId,
    stop: CancellationToken,
) -> JoinHandle<()> {
    let partition = PartitionId::truth(site);
    let by: ActorId = "svc-simulator".parse().expect("a literal that is a name");
    tokio::spawn(async move {
        loop {
            let mark = tokio::select! {
                () = stop.cancelled() => return,
                mark = marks.recv() => mark,
            };
            let Some((at, truth)) = mark else { return };
            let ask = Ask::new(by.clone(), MarkTruth { truth }).occurred_at(at);
            insist(&commands, &*clock, &partition, ask, &stop).await;
        }
    })
}

/// A fault that was really there, from when on.
pub struct Mark {
    pub asset: AssetId,
    pub fault: CauseId,
    /// Plant time.
    pub began: Timestamp,
}

/// The faults of a site, each from its first mark on.
pub async fn marks(log: &dyn EventLog, site: &PartitionId) -> Result<Vec<Mark>> {
    let Some(site) = site.as_site() else { return Ok(vec![]) };
    let partition = PartitionId::truth(&site);
    let (mut marks, mut next) = (Vec::<Mark>::new(), 0);
    let mut lasting: BTreeSet<(AssetId, CauseId)> = BTreeSet::new();
    loop {
        let page = log.read_ledger(&partition, next, 4_096).await?;
        if page.is_empty() {
            return Ok(marks);
        }
        next = page.next();
        for (_, stored) in page.iter() {
            let fact = decode(&stored.bytes)?;
            let Event::GroundTruthMarked(truth) = fact.event else { continue };
            let key = (truth.asset.clone(), truth.fault.clone());
            if truth.severity <= 0.0 {
                lasting.remove(&key);
            } else if lasting.insert(key) {
                marks.push(Mark { asset: truth.asset, fault: truth.fault, began: fact.occurred_at });
            }
        }
    }
}

/// The true fault behind a case: the one it names if that was there, else the last that had begun.
pub fn behind<'a>(marks: &'a [Mark], asset: &AssetId, cause: Option<&CauseId>, opened_at: Timestamp) -> Option<&'a Mark> {
    let there = || marks.iter().filter(|mark| mark.asset == *asset && mark.began <= opened_at);
    there().rfind(|mark| Some(&mark.fault) == cause).or_else(|| there().next_back())
}
