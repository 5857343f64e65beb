//! Values and the kinds of columns that hold them, in no database's own types.

use millwright_domain::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Whole,
    Real,
    /// Microseconds on SQLite, `timestamptz` on Postgres.
    Time,
    /// JSON: text on SQLite, `jsonb` on Postgres.
    Doc,
    Bytes,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Whole(i64),
    Real(f64),
    Time(Timestamp),
    Bytes(Vec<u8>),
    /// JSON as text.
    Doc(String),
    Null,
}

impl Value {
    pub fn text(shown: impl ToString) -> Self {
        Self::Text(shown.to_string())
    }
    /// Sequence numbers and counts; what does not fit has long been wrong.
    pub fn count(count: u64) -> Self {
        Self::Whole(i64::try_from(count).unwrap_or(i64::MAX))
    }
    pub fn doc(value: &impl serde::Serialize) -> Self {
        Self::Doc(json(value))
    }
    /// One of a few words, as it is spelt on the log.
    pub fn word(value: &impl serde::Serialize) -> Self {
        Self::Text(json(value).trim_matches('"').to_string())
    }
    pub fn maybe<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, make)
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("rows have string keys and finite numbers, so they serialise")
}
