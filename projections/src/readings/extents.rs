//! Where in the log a minute's readings lie: a coarse index, so that reading raw values back starts near.

use crate::{
    db::{Ask, Conn, Db},
    table::{Kind, Table, Value, Writes},
};
use millwright_domain::{Timestamp, position::PartitionId};
use std::collections::BTreeMap;

pub(super) static EXTENTS: Table = Table {
    name: "readings_extents",
    columns: &[("partition", Kind::Text), ("minute", Kind::Time), ("first_seq", Kind::Whole), ("last_seq", Kind::Whole)],
    key: 3,
    indexes: &[],
};

/// A late scan further than this behind its minute's others begins an extent of its own, so that none spans the whole log.
const NEAR: u64 = 4_096;
/// Minutes whose latest extent stays in memory.
const KEPT: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    first: u64,
    last: u64,
    dirty: bool,
}

/// The latest extent of each minute of one partition.
#[derive(Debug, Default)]
pub(super) struct Extents {
    minutes: BTreeMap<Timestamp, Option<Extent>>,
    /// Extents that were left behind for a newer one, not written yet.
    left: Vec<(Timestamp, Extent)>,
    newest: Option<Timestamp>,
}

fn minute(at: Timestamp) -> Timestamp {
    at.floor_to(60)
}

impl Extents {
    /// Brings in the latest extent of a minute that is not remembered, if it may have one.
    pub async fn recall(&mut self, partition: &PartitionId, at: Timestamp, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        if self.newest.is_none() {
            let ask = Ask::new("SELECT MAX(minute) AS newest FROM readings_extents WHERE partition = $1").bind(Value::text(partition));
            let newest = ask.row(&mut *db).await?.map(|row| row.maybe_time("newest")).transpose()?.flatten();
            self.newest = Some(newest.unwrap_or(Timestamp::from_micros(i64::MIN)));
        }
        let at = minute(at);
        if self.newest < Some(at) || self.minutes.contains_key(&at) {
            return Ok(());
        }
        let ask = Ask::new("SELECT first_seq, last_seq FROM readings_extents WHERE partition = $1 AND minute = $2 ORDER BY first_seq DESC LIMIT 1")
            .bind(Value::text(partition))
            .bind(Value::Time(at));
        let found = match ask.row(&mut *db).await? {
            Some(row) => Some(Extent { first: row.count("first_seq")?, last: row.count("last_seq")?, dirty: false }),
            None => None,
        };
        self.minutes.insert(at, found);
        Ok(())
    }

    pub fn add(&mut self, at: Timestamp, seq: u64) {
        let at = minute(at);
        self.newest = self.newest.max(Some(at));
        let known = self.minutes.entry(at).or_default();
        match known {
            Some(extent) if seq.saturating_sub(extent.last) <= NEAR => {
                extent.last = extent.last.max(seq);
                extent.dirty = true;
            }
            _ => {
                let fresh = Extent { first: seq, last: seq, dirty: true };
                self.left.extend(known.replace(fresh).filter(|before| before.dirty).map(|before| (at, before)));
            }
        }
    }

    pub fn drain(&mut self, partition: &PartitionId, writes: &mut Writes) {
        let mut rows: Vec<Vec<Value>> = self.left.drain(..).map(|(at, extent)| row(partition, at, extent)).collect();
        for (at, extent) in &mut self.minutes {
            if let Some(extent) = extent.as_mut().filter(|extent| extent.dirty) {
                rows.push(row(partition, *at, *extent));
                extent.dirty = false;
            }
        }
        writes.upsert(&EXTENTS, rows);
        while self.minutes.len() > KEPT {
            self.minutes.pop_first();
        }
    }
}

fn row(partition: &PartitionId, at: Timestamp, extent: Extent) -> Vec<Value> {
    vec![Value::text(partition), Value::Time(at), Value::count(extent.first), Value::count(extent.last)]
}

/// Ranges of seq (first, behind the last) that hold everything measured from `from` to `to`, ascending and apart.
pub async fn ranges(db: &Db, partition: &PartitionId, from: Timestamp, to: Timestamp) -> Result<Vec<(u64, u64)>, sqlx::Error> {
    let ask = Ask::new(
        "SELECT first_seq, last_seq FROM readings_extents WHERE partition = $1 AND minute >= $2 AND minute <= $3 ORDER BY first_seq, last_seq",
    );
    let ask = ask.bind(Value::text(partition)).bind(Value::Time(minute(from))).bind(Value::Time(to));
    let mut apart: Vec<(u64, u64)> = Vec::new();
    for row in ask.rows(db).await? {
        let (first, end) = (row.count("first_seq")?, row.count("last_seq")? + 1);
        match apart.last_mut() {
            Some((_, known)) if first <= *known => *known = end.max(*known),
            _ => apart.push((first, end)),
        }
    }
    Ok(apart)
}
