//! How values go to Postgres and come back: times as `timestamptz`, and no text with a NUL, which it cannot hold.

use super::Value;
use chrono::{DateTime, Utc};
use millwright_domain::Timestamp;
use serde_json::Value as Json;
use sqlx::{
    AssertSqlSafe, Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgHasArrayType, PgTypeInfo, PgValueRef},
    query::Query,
};

pub(super) fn query(sql: &str, values: Vec<Value>) -> Query<'static, Postgres, PgArguments> {
    values.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), bind)
}

fn bind(query: Query<'static, Postgres, PgArguments>, value: Value) -> Query<'static, Postgres, PgArguments> {
    match value {
        Value::Text(text) => query.bind(plain_text(text)),
        Value::Doc(json) => query.bind(plain_json(json)),
        Value::Whole(number) => query.bind(number),
        Value::Real(number) => query.bind(number),
        Value::Time(time) => query.bind(PgTime::from(time)),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Null => query.bind(None::<String>),
    }
}

/// What stands for a NUL: one stray character in a fact must not stop everybody's projections.
const INSTEAD_OF_NUL: &str = "\u{2400}";

pub(crate) fn plain_text(text: String) -> String {
    if text.contains('\0') { text.replace('\0', INSTEAD_OF_NUL) } else { text }
}

pub(crate) fn plain_json(json: String) -> String {
    if !json.contains("\\u0000") {
        return json;
    }
    // The six characters may also be a written-out backslash and what follows it: only reading tells.
    match serde_json::from_str::<Json>(&json) {
        Ok(value) => without_nul(value).to_string(),
        Err(_) => json,
    }
}

fn without_nul(value: Json) -> Json {
    match value {
        Json::String(text) => Json::String(plain_text(text)),
        Json::Array(items) => Json::Array(items.into_iter().map(without_nul).collect()),
        Json::Object(fields) => Json::Object(fields.into_iter().map(|(name, value)| (plain_text(name), without_nul(value))).collect()),
        other => other,
    }
}

/// Microseconds since 2000, which is how Postgres counts. Times beyond its calendar become the nearest it has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PgTime(i64);

/// 2000-01-01 in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;
/// 4714-11-24 BC, and the last microsecond of the year 294276.
const FIRST: i64 = -211_813_488_000_000_000;
const LAST: i64 = 9_223_371_331_199_999_999;

impl From<Timestamp> for PgTime {
    fn from(time: Timestamp) -> Self {
        Self(time.micros().saturating_sub(EPOCH).clamp(FIRST, LAST))
    }
}
impl From<PgTime> for Timestamp {
    fn from(time: PgTime) -> Self {
        Self::from_micros(time.0.saturating_add(EPOCH))
    }
}
impl Type<Postgres> for PgTime {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}
impl PgHasArrayType for PgTime {
    fn array_type_info() -> PgTypeInfo {
        <DateTime<Utc> as PgHasArrayType>::array_type_info()
    }
}
impl Encode<'_, Postgres> for PgTime {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Postgres>>::encode_by_ref(&self.0, buf)
    }
    fn size_hint(&self) -> usize {
        size_of::<i64>()
    }
}
impl<'r> Decode<'r, Postgres> for PgTime {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <i64 as Decode<Postgres>>::decode(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_shown_and_a_written_out_one_stays() {
        let doc = serde_json::json!({ "text": "a\0b", "path": "c:\\u0000", "\0": ["\0"] });
        let plain: Json = serde_json::from_str(&plain_json(doc.to_string())).unwrap();
        assert_eq!(plain, serde_json::json!({ "text": "a␀b", "path": "c:\\u0000", "␀": ["␀"] }));
        assert_eq!(plain_text("a\0".into()), "a␀");
    }

    #[test]
    fn times_come_back_as_they_went_within_the_calendar() {
        for micros in [0, -1, 1_700_000_000_123_456, -11_644_473_600_000_000] {
            let time = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::from(PgTime::from(time)), time);
        }
        assert_eq!(PgTime::from(Timestamp::from_micros(i64::MIN)).0, FIRST);
        assert_eq!(PgTime::from(Timestamp::from_micros(i64::MAX)).0, i64::MAX - EPOCH);
    }
}
