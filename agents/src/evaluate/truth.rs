//! Reading what a simulator really did. The one place in the program that looks at a `_truth` partition.

use super::faults::{FaultReport, Truth, cases, compare, truths};
use millwright_domain::{
    Event,
    codec::{DecodeError, decode},
    envelope::Recorded,
    ids::SiteId,
    ports::event_log::{EventLog, LogError},
    position::PartitionId,
};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum CannotCompare {
    #[error("could not look what is on the log")]
    Head(#[source] LogError),
    #[error("could not read {partition} for the evaluation")]
    Log {
        partition: PartitionId,
        #[source]
        cause: LogError,
    },
    #[error("{partition} seq {seq} could not be read as a fact; run `millwright audit verify`")]
    Fact {
        partition: PartitionId,
        seq: u64,
        #[source]
        cause: DecodeError,
    },
}

const PAGE: usize = 1_024;

/// The sites that a simulator served.
pub async fn simulated_sites(log: &dyn EventLog) -> Result<Vec<SiteId>, CannotCompare> {
    let head = log.head().await.map_err(CannotCompare::Head)?;
    let served = |partition: &PartitionId| partition.is_truth().then(|| partition.name().strip_prefix("_truth.")?.parse().ok()).flatten();
    Ok(head.partitions().filter_map(|(partition, _)| served(partition)).collect())
}

/// Every fault that was simulated on a site.
pub async fn read_truths(log: &dyn EventLog, site: &SiteId) -> Result<Vec<Truth>, CannotCompare> {
    let facts = read(log, &PartitionId::truth(site)).await?;
    let marks = facts.iter().filter_map(|fact| match &fact.event {
        Event::GroundTruthMarked(mark) => Some((fact.occurred_at, mark)),
        _ => None,
    });
    Ok(truths(marks))
}

/// The site's cases against what was really wrong.
pub async fn compare_with_truth(log: &dyn EventLog, site: &SiteId) -> Result<FaultReport, CannotCompare> {
    let truths = read_truths(log, site).await?;
    let facts = read(log, &PartitionId::site(site)).await?;
    let times = || facts.iter().map(|fact| fact.occurred_at);
    let hours = times().max().zip(times().min()).map_or(0.0, |(last, first)| last.since(first).num_seconds() as f64 / 3_600.0);
    Ok(compare(&truths, &cases(&facts), hours))
}

async fn read(log: &dyn EventLog, partition: &PartitionId) -> Result<Vec<Recorded>, CannotCompare> {
    let mut facts = Vec::new();
    let mut next = 0;
    loop {
        let page = log.read_ledger(partition, next, PAGE).await.map_err(|cause| CannotCompare::Log { partition: partition.clone(), cause })?;
        if page.is_empty() {
            return Ok(facts);
        }
        next = page.next();
        for (seq, record) in page.iter() {
            facts.push(decode(&record.bytes).map_err(|cause| CannotCompare::Fact { partition: partition.clone(), seq, cause })?);
        }
    }
}
