//! The types of values that can be collected, as the protocol names them, and which numbers they hold. Pure.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// A built-in type that is a number, a state or a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ValueType {
    Boolean,
    SByte,
    Byte,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float,
    Double,
    String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no type; types are Boolean, SByte, Byte, Int16, UInt16, Int32, UInt32, Int64, UInt64, Float, Double and String")]
pub struct BadType(String);

#[derive(Debug, Clone, PartialEq, Error)]
pub enum DoesNotFit {
    #[error("{value} does not fit into {kind}, which holds whole numbers from {low} to {high}")]
    Range { value: f64, kind: ValueType, low: f64, high: f64 },
    #[error("{0} is neither 0 nor 1, which is all that a Boolean can be")]
    State(f64),
    #[error("{0} is too large for a Float")]
    Float(f64),
    #[error("it holds a text; only numbers and states are written")]
    Text,
}

/// Above this not every whole number is an f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl ValueType {
    pub const ALL: [Self; 12] = [
        Self::Boolean,
        Self::SByte,
        Self::Byte,
        Self::Int16,
        Self::UInt16,
        Self::Int32,
        Self::UInt32,
        Self::Int64,
        Self::UInt64,
        Self::Float,
        Self::Double,
        Self::String,
    ];

    /// The whole numbers that it can be told, if that is what it holds.
    const fn whole(self) -> Option<(f64, f64)> {
        match self {
            Self::SByte => Some((-128.0, 127.0)),
            Self::Byte => Some((0.0, 255.0)),
            Self::Int16 => Some((-32_768.0, 32_767.0)),
            Self::UInt16 => Some((0.0, 65_535.0)),
            Self::Int32 => Some((-2_147_483_648.0, 2_147_483_647.0)),
            Self::UInt32 => Some((0.0, 4_294_967_295.0)),
            Self::Int64 => Some((-EXACT, EXACT)),
            Self::UInt64 => Some((0.0, EXACT)),
            Self::Boolean | Self::Float | Self::Double | Self::String => None,
        }
    }

    /// What it would hold: rounded where it holds whole numbers only.
    pub fn rounded(self, value: f64) -> Result<f64, DoesNotFit> {
        match (self, self.whole()) {
            (Self::String, _) => Err(DoesNotFit::Text),
            (Self::Boolean, _) if value == 0.0 || value == 1.0 => Ok(value),
            (Self::Boolean, _) => Err(DoesNotFit::State(value)),
            (Self::Float, _) if value.is_finite() && !(value as f32).is_finite() => Err(DoesNotFit::Float(value)),
            (_, Some((low, high))) => {
                let whole = value.round();
                if (low..=high).contains(&whole) { Ok(whole) } else { Err(DoesNotFit::Range { value, kind: self, low, high }) }
            }
            _ => Ok(value),
        }
    }

    /// How far apart two numbers can be that it keeps as the same.
    pub const fn resolution(self) -> f64 {
        match self {
            Self::Float | Self::Double => 1e-6,
            _ => 0.5,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
impl FromStr for ValueType {
    type Err = BadType;
    /// As the protocol writes them, or shorter, as other protocols do.
    fn from_str(text: &str) -> Result<Self, BadType> {
        let lower = text.trim().to_ascii_lowercase();
        let shorter = match lower.as_str() {
            "bool" => Some(Self::Boolean),
            "i8" => Some(Self::SByte),
            "u8" => Some(Self::Byte),
            "i16" => Some(Self::Int16),
            "u16" => Some(Self::UInt16),
            "i32" => Some(Self::Int32),
            "u32" => Some(Self::UInt32),
            "i64" => Some(Self::Int64),
            "u64" => Some(Self::UInt64),
            "f32" => Some(Self::Float),
            "f64" => Some(Self::Double),
            "text" => Some(Self::String),
            _ => Self::ALL.into_iter().find(|kind| kind.to_string().to_ascii_lowercase() == lower),
        };
        shorter.ok_or_else(|| BadType(text.chars().take(60).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_in_its_own_name_and_in_short() {
        for kind in ValueType::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(kind.to_string().to_uppercase().parse(), Ok(kind));
        }
        assert_eq!(" f32".parse(), Ok(ValueType::Float));
        assert!("REAL64".parse::<ValueType>().unwrap_err().to_string().contains("Double"));
    }

    #[test]
    fn a_number_is_held_as_it_is_rounded_or_not_at_all() {
        assert_eq!(ValueType::Int16.rounded(2.6), Ok(3.0));
        assert!(ValueType::Int16.rounded(40_000.0).is_err());
        assert!(ValueType::UInt64.rounded(-1.0).is_err());
        assert!(ValueType::Int32.rounded(f64::NAN).is_err());
        assert_eq!(ValueType::Boolean.rounded(1.0), Ok(1.0));
        assert!(ValueType::Boolean.rounded(0.5).is_err());
        assert_eq!(ValueType::Double.rounded(0.1), Ok(0.1));
        assert!(ValueType::Float.rounded(1e300).is_err());
        assert_eq!(ValueType::String.rounded(1.0), Err(DoesNotFit::Text));
    }
}
