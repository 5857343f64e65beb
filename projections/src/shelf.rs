//! Rows that a fold remembers: brought in before folding, changed in memory, written out whole with the position.

use crate::{
    db::{Ask, Conn},
    table::{Table, Value, Writes},
};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::{BTreeSet, HashMap};

/// A row kept as a document, with columns beside it for those who ask in SQL. The first column is the key, the last is `doc`.
pub(crate) trait Shelved: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    const TABLE: &'static Table;
    fn key(&self) -> String;
    /// The columns between key and document.
    fn columns(&self) -> Vec<Value>;
}

/// More rows than this are not worth keeping between batches.
const KEPT: usize = 20_000;
const KEYS_A_QUERY: usize = 500;

pub(crate) struct Shelf<R> {
    /// `None`: looked for, and not there.
    rows: HashMap<String, Option<R>>,
    dirty: BTreeSet<String>,
    complete: bool,
}

impl<R> Default for Shelf<R> {
    fn default() -> Self {
        Self { rows: HashMap::new(), dirty: BTreeSet::new(), complete: false }
    }
}

impl<R: Shelved> Shelf<R> {
    pub fn get(&self, key: &str) -> Option<&R> {
        self.rows.get(key)?.as_ref()
    }
    /// The row to be changed; it is written out whether it was changed or not.
    pub fn edit(&mut self, key: &str) -> Option<&mut R> {
        let row = self.rows.get_mut(key)?.as_mut()?;
        self.dirty.insert(key.to_string());
        Some(row)
    }
    pub fn put(&mut self, row: R) {
        let key = row.key();
        self.dirty.insert(key.clone());
        self.rows.insert(key, Some(row));
    }
    /// What is remembered, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.values().flatten()
    }

    /// Brings in the rows of these keys that are not here yet.
    pub async fn recall(&mut self, keys: impl IntoIterator<Item = String>, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let missing: BTreeSet<String> = keys.into_iter().filter(|key| !self.rows.contains_key(key)).collect();
        for chunk in missing.into_iter().collect::<Vec<_>>().chunks(KEYS_A_QUERY) {
            let found = R::TABLE.docs_of(chunk, db).await?;
            self.rows.extend(chunk.iter().map(|key| (key.clone(), None)));
            self.take(found);
        }
        Ok(())
    }

    /// Brings in the whole table, once. For tables as small as the plant.
    pub async fn recall_all(&mut self, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        if !self.complete {
            let found = Ask::new(format!("SELECT doc FROM {}", R::TABLE.name)).docs(db).await?;
            self.take(found);
            self.complete = true;
        }
        Ok(())
    }

    fn take(&mut self, found: Vec<R>) {
        self.rows.extend(found.into_iter().map(|row| (row.key(), Some(row))));
    }

    /// The changed rows, to be written.
    pub fn drain(&mut self, writes: &mut Writes) {
        let mut rows = Vec::new();
        let mut gone = Vec::new();
        for key in std::mem::take(&mut self.dirty) {
            match self.rows.get(&key) {
                Some(Some(row)) => rows.push(whole(&key, row)),
                Some(None) | None => gone.push(vec![Value::Text(key)]),
            }
        }
        writes.delete(R::TABLE, gone);
        writes.upsert(R::TABLE, rows);
        if !self.complete && self.rows.len() > KEPT {
            self.rows.clear();
        }
    }

    /// After a failed transaction memory is ahead of the tables: begin anew from those.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

pub(crate) fn whole<R: Shelved>(key: &str, row: &R) -> Vec<Value> {
    let mut values = vec![Value::text(key)];
    values.extend(row.columns());
    values.push(Value::doc(row));
    values
}
