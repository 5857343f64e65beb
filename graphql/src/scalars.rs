//! Scalars of our own, and reading ids that a person may have mistyped.

use crate::errors::bad_input;
use async_graphql::{Error, ID, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, Utc};
use millwright_domain::{Timestamp, position};
use std::{fmt::Display, str::FromStr};

/// How far the log has been taken in, as an opaque text: `ledger/demo:17,readings/0:400`. Give one back as `atLeast` to see your own write,
/// to each field that has to show it: fields of one question are answered at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(pub position::Position);

#[Scalar]
impl ScalarType for Position {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else { return Err(InputValueError::expected_type(value)) };
        Ok(Self(text.parse()?))
    }
    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An id or name as its type; the error says what it should have been.
pub(crate) fn parse<T: FromStr<Err: Display>>(id: &ID, what: &str) -> Result<T, Error> {
    id.parse().map_err(|cause| bad_input(format!("{what}: {cause}")))
}

pub(crate) fn maybe<T: FromStr<Err: Display>>(id: Option<&ID>, what: &str) -> Result<Option<T>, Error> {
    id.map(|id| parse(id, what)).transpose()
}

/// Times outside chrono's years were never measured; they are shown as the nearest it has.
pub(crate) fn time(at: Timestamp) -> DateTime<Utc> {
    at.to_datetime().unwrap_or(if at.micros() < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC })
}

pub(crate) fn id(shown: impl Display) -> ID {
    ID(shown.to_string())
}
