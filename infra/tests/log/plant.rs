//! Facts and scans for these tests, and reading a whole log back.

use millwright_domain::{
    Timestamp,
    case::ActionVoided,
    chain::StoredRecord,
    envelope::{Draft, StreamId},
    ids::{ActionId, EventId},
    ports::event_log::{EventLog, LogError},
    position::{Lane, PartitionId},
    reading::{Reading, Scan},
};
use millwright_infra::{EmbeddedLog, EmbeddedOptions};
use std::path::Path;
use uuid::Uuid;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + second)
}
pub fn site(name: &str) -> PartitionId {
    format!("ledger/{name}").parse().unwrap()
}
pub fn draft(number: u64) -> Draft {
    let id = Uuid::from_u128(u128::from(number));
    Draft {
        id: EventId(id),
        stream: StreamId::site(),
        version: number + 1,
        occurred_at: at(number as i64),
        actor: "olga".parse().unwrap(),
        command: None,
        causation: None,
        correlation: id,
        event: ActionVoided { action: ActionId(id), reason: format!("test number {number}") }.into(),
    }
}
pub fn drafts(numbers: std::ops::Range<u64>) -> Vec<Draft> {
    numbers.map(draft).collect()
}
pub fn scan(device: &str, number: u64) -> Scan {
    let readings = (0..8).map(|signal| Reading::measured(format!("{device}/s{signal}").parse().unwrap(), number as f64 + f64::from(signal)));
    let readings = readings.collect();
    Scan { site: "demo".parse().unwrap(), device: device.parse().unwrap(), epoch: 1, scan: number, scanned_at: at(0), received_at: at(1), readings }
}
pub fn open(dir: &Path) -> Result<EmbeddedLog, LogError> {
    EmbeddedLog::open(dir, EmbeddedOptions::default())
}

/// Every record that `partition` has, or the first error.
pub async fn ledger(log: &dyn EventLog, partition: &PartitionId) -> Result<Vec<StoredRecord>, LogError> {
    let mut all = Vec::new();
    loop {
        let read = log.read_ledger(partition, all.len() as u64, 1000).await?;
        if read.is_empty() {
            return Ok(all);
        }
        all.extend(read.into_items().map(|(_, record)| record));
    }
}

/// Every scan of the readings lane, partition by partition, or the first error.
pub async fn scans(log: &dyn EventLog) -> Result<Vec<Scan>, LogError> {
    let mut all = Vec::new();
    for (partition, end) in log.head().await?.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
        let mut next = 0;
        while next < end {
            let read = log.read_readings(partition, next, 1000).await?;
            assert!(read.next() > next, "reading stands still at {next} of {end}");
            next = read.next();
            all.extend(read.into_items().map(|(_, scan)| scan));
        }
    }
    Ok(all)
}
