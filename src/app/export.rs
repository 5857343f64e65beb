//! The ledger as a file, a page of records at a time, whatever its length: lines of JSON that can be verified, or columns for analysis.

use super::columns::Columns;
use millwright_domain::{
    chain::{Hash, StoredRecord},
    codec::{Authored, Envelope},
    export::ExportedFact,
    ports::{
        auditor::{AuditFailed, Format, Selection, Taker},
        event_log::EventLog,
    },
    position::{Lane, PartitionId},
};
use serde_json::value::RawValue;

const PAGE: usize = 1_024;

/// Told how many records of how many were looked at.
pub type Progress<'a> = &'a (dyn Fn(&PartitionId, u64, u64) + Send + Sync);

/// How many facts were written.
pub async fn export(
    log: &dyn EventLog,
    selection: &Selection,
    format: Format,
    taker: &mut dyn Taker,
    progress: Progress<'_>,
) -> Result<u64, AuditFailed> {
    let mut columns = match format {
        Format::Parquet => Some(Columns::begin().map_err(failed)?),
        Format::JsonLines => None,
    };
    let mut written = 0;
    let head = log.head().await.map_err(failed)?;
    let ledgers = head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger);
    for (partition, end) in ledgers.filter(|(partition, _)| selection.partition.as_ref().is_none_or(|only| only == *partition)) {
        let mut walk = Walk { partition, next: 0, previous: Hash::default() };
        while walk.next < end {
            let selected = walk.page(log, end, selection).await?;
            written += selected.len() as u64;
            let bytes = match &mut columns {
                Some(columns) => columns.page(partition, &selected).map_err(failed)?,
                None => lines(partition, selected)?,
            };
            if !bytes.is_empty() {
                taker.take(bytes).await?;
            }
            progress(partition, walk.next, end);
        }
    }
    if let Some(columns) = columns {
        taker.take(columns.end().map_err(failed)?).await?;
    }
    Ok(written)
}

struct Walk<'a> {
    partition: &'a PartitionId,
    next: u64,
    previous: Hash,
}

impl Walk<'_> {
    /// The selected records of the next page, each with the hash before it.
    async fn page(&mut self, log: &dyn EventLog, end: u64, selection: &Selection) -> Result<Vec<(Hash, StoredRecord)>, AuditFailed> {
        let limit = PAGE.min((end - self.next) as usize);
        let page = log.read_ledger(self.partition, self.next, limit).await.map_err(failed)?;
        if page.is_empty() {
            self.next = end;
        } else {
            self.next = page.next();
        }
        let mut selected = vec![];
        for (_, record) in page.into_items() {
            let before = std::mem::replace(&mut self.previous, record.hash);
            if is_selected(selection, &record)? {
                selected.push((before, record));
            }
        }
        Ok(selected)
    }
}

fn is_selected(selection: &Selection, record: &StoredRecord) -> Result<bool, AuditFailed> {
    let Selection { partition: _, from, to, kind, actor, stream } = selection;
    if from.is_some() || to.is_some() || kind.is_some() {
        let envelope = Envelope::of(&record.bytes).map_err(failed)?;
        let in_time = from.is_none_or(|from| envelope.recorded_at >= from) && to.is_none_or(|to| envelope.recorded_at < to);
        if !in_time || is_another(kind, &envelope.kind) {
            return Ok(false);
        }
    }
    if actor.is_none() && stream.is_none() {
        return Ok(true);
    }
    let authored = Authored::of(&record.bytes).map_err(failed)?;
    Ok(!is_another(actor, &authored.actor) && !is_another(stream, &authored.stream))
}

fn is_another(named: &Option<String>, written: &str) -> bool {
    named.as_deref().is_some_and(|named| named != written)
}

fn lines(partition: &PartitionId, records: Vec<(Hash, StoredRecord)>) -> Result<Vec<u8>, AuditFailed> {
    let mut bytes = vec![];
    for (previous, StoredRecord { seq, hash, bytes: record }) in records {
        let record = RawValue::from_string(String::from_utf8(record).map_err(failed)?).map_err(failed)?;
        let line = ExportedFact { partition: partition.clone(), seq, hash, previous_hash: Some(previous), record };
        serde_json::to_writer(&mut bytes, &line).map_err(failed)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

pub fn failed(cause: impl std::error::Error + Send + Sync + 'static) -> AuditFailed {
    AuditFailed::Failed(cause.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        Timestamp,
        chain::ChainTip,
        envelope::{Draft, StreamId},
        site::KillSwitchReleased,
    };

    fn by(actor: &str, stream: StreamId) -> StoredRecord {
        let draft = Draft {
            id: millwright_domain::ids::EventId(uuid::Uuid::nil()),
            stream,
            version: 0,
            occurred_at: Timestamp::from_secs(1),
            actor: actor.parse().unwrap(),
            command: None,
            causation: None,
            correlation: uuid::Uuid::nil(),
            event: KillSwitchReleased { by: actor.parse().unwrap() }.into(),
        };
        ChainTip::default().append(&draft, &PartitionId::platform(), Timestamp::from_secs(1))
    }

    #[test]
    fn only_the_facts_of_one_person_and_of_one_stream_are_exported_where_they_are_named() {
        let records = [by("olga", StreamId::site()), by("olga-2", StreamId::site()), by("olga", StreamId::budget("demo"))];
        let selected = |actor: Option<&str>, stream: Option<&str>| {
            let selection = Selection { actor: actor.map(Into::into), stream: stream.map(Into::into), ..Selection::default() };
            records.each_ref().map(|record| is_selected(&selection, record).unwrap())
        };
        assert_eq!(selected(None, None), [true, true, true]);
        assert_eq!(selected(Some("olga"), None), [true, false, true]);
        assert_eq!(selected(None, Some("site")), [true, true, false]);
        assert_eq!(selected(Some("olga"), Some("budget/demo")), [false, false, true]);
        assert_eq!(selected(Some("nobody"), None), [false, false, false]);
    }
}
