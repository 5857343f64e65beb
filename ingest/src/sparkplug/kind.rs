//! Sparkplug's data types: what a field on the wire means under the type that the birth gave it, and back. Pure.

use crate::protocol::{Raw, Refusal};
use std::{fmt, str::FromStr};

/// Longer texts mean no state of a machine.
const LONGEST_TEXT: usize = 256;

/// The types that hold one number, state or word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float,
    Double,
    Boolean,
    String,
    DateTime,
    Text,
}

/// What stood on the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Int(u32),
    Long(u64),
    Float(f32),
    Double(f64),
    Bool(bool),
    Text(String),
    Null,
    /// A data set, a template, bytes: no single value.
    Structure,
}

impl Kind {
    pub const ALL: [Self; 14] = [
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::UInt8,
        Self::UInt16,
        Self::UInt32,
        Self::UInt64,
        Self::Float,
        Self::Double,
        Self::Boolean,
        Self::String,
        Self::DateTime,
        Self::Text,
    ];

    /// As the specification counts them, from 1.
    pub const fn number(self) -> u32 {
        self as u32 + 1
    }
    pub fn of_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Int8 => "Int8",
            Self::Int16 => "Int16",
            Self::Int32 => "Int32",
            Self::Int64 => "Int64",
            Self::UInt8 => "UInt8",
            Self::UInt16 => "UInt16",
            Self::UInt32 => "UInt32",
            Self::UInt64 => "UInt64",
            Self::Float => "Float",
            Self::Double => "Double",
            Self::Boolean => "Boolean",
            Self::String => "String",
            Self::DateTime => "DateTime",
            Self::Text => "Text",
        }
    }
    /// How far apart two numbers can be that are the same in this type.
    pub const fn resolution(self) -> f64 {
        match self {
            Self::Float | Self::Double => 1e-6,
            _ => 0.5,
        }
    }
    /// Least and greatest, of the integers.
    const fn range(self) -> Option<(f64, f64)> {
        Some(match self {
            Self::Int8 => (i8::MIN as f64, i8::MAX as f64),
            Self::Int16 => (i16::MIN as f64, i16::MAX as f64),
            Self::Int32 => (i32::MIN as f64, i32::MAX as f64),
            // The largest f64 below the limit: casts saturate, so a larger bound would hide an overflow.
            Self::Int64 => (-9_223_372_036_854_775_808.0, 9_223_372_036_854_774_784.0),
            Self::UInt8 => (0.0, u8::MAX as f64),
            Self::UInt16 => (0.0, u16::MAX as f64),
            Self::UInt32 => (0.0, u32::MAX as f64),
            Self::UInt64 | Self::DateTime => (0.0, 18_446_744_073_709_549_568.0),
            _ => return None,
        })
    }

    /// The value, if what stood on the wire can be of this type at all.
    pub fn raw(self, content: &Content) -> Result<Raw, Refusal> {
        let number = match (self, content) {
            (_, Content::Null) => return Err(Refusal::NotANumber("is null".into())),
            (Self::Int8, Content::Int(value)) => signed(*value, 8),
            (Self::Int16, Content::Int(value)) => signed(*value, 16),
            (Self::Int32, Content::Int(value)) => Some(f64::from(*value as i32)),
            (Self::Int64, Content::Long(value)) => Some(*value as i64 as f64),
            (Self::UInt8, Content::Int(value)) => u8::try_from(*value).ok().map(f64::from),
            (Self::UInt16, Content::Int(value)) => u16::try_from(*value).ok().map(f64::from),
            (Self::UInt32, Content::Int(value)) => Some(f64::from(*value)),
            // Some libraries keep it in a field that has room for more.
            (Self::UInt32, Content::Long(value)) => u32::try_from(*value).ok().map(f64::from),
            (Self::UInt64 | Self::DateTime, Content::Long(value)) => Some(*value as f64),
            (Self::Float | Self::Double, Content::Float(value)) => Some(f64::from(*value)),
            (Self::Float | Self::Double, Content::Double(value)) => Some(*value),
            (Self::Boolean, Content::Bool(on)) => Some(f64::from(u8::from(*on))),
            (Self::String | Self::Text, Content::Text(text)) if text.len() <= LONGEST_TEXT => return Ok(Raw::Text(text.clone())),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite());
        number.map(Raw::Number).ok_or_else(|| Refusal::NotANumber(format!("was born as {self}, and what came is none")))
    }

    /// The number in this type, rounded to the nearest of the integers.
    pub fn content(self, raw: f64) -> Result<Content, String> {
        if !raw.is_finite() {
            return Err(format!("{raw} is no finite number"));
        }
        let rounded = raw.round();
        if let Some((low, high)) = self.range()
            && !(low..=high).contains(&rounded)
        {
            return Err(format!("{raw} does not fit into {self}, which holds {low} to {high}"));
        }
        match self {
            // In their own width: strict libraries take nothing else, the others cut it to that.
            Self::Int8 => Ok(Content::Int(u32::from(rounded as i8 as u8))),
            Self::Int16 => Ok(Content::Int(u32::from(rounded as i16 as u16))),
            Self::Int32 => Ok(Content::Int(rounded as i32 as u32)),
            Self::UInt8 | Self::UInt16 | Self::UInt32 => Ok(Content::Int(rounded as u32)),
            Self::Int64 => Ok(Content::Long(rounded as i64 as u64)),
            Self::UInt64 | Self::DateTime => Ok(Content::Long(rounded as u64)),
            Self::Float if raw.abs() <= f64::from(f32::MAX) => Ok(Content::Float(raw as f32)),
            Self::Float => Err(format!("{raw} does not fit into Float")),
            Self::Double => Ok(Content::Double(raw)),
            Self::Boolean if raw == 0.0 || raw == 1.0 => Ok(Content::Bool(raw == 1.0)),
            Self::Boolean => Err(format!("{raw} is neither 0 nor 1, and a Boolean is nothing else")),
            Self::String | Self::Text => Err("is a text, and only numbers are written".into()),
        }
    }
}

/// A small signed integer in a field of 32 bits: sign-extended, as most libraries send it, or not, as others do.
fn signed(value: u32, bits: u32) -> Option<f64> {
    let extended = (value << (32 - bits)) as i32 >> (32 - bits);
    let is_whole = value >> bits == 0 || extended as u32 == value;
    is_whole.then(|| f64::from(extended))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        let of_name = Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text));
        of_name.ok_or_else(|| format!("{text:?} is no type of Sparkplug that holds one value; there are {}", known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(kind: Kind, content: Content) -> Option<f64> {
        match kind.raw(&content) {
            Ok(Raw::Number(number)) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn a_negative_integer_keeps_its_sign_in_either_habit() {
        assert_eq!(number(Kind::Int32, Content::Int(4_294_967_284)), Some(-12.0));
        for on_the_wire in [0xF4, 0xFFFF_FFF4] {
            assert_eq!(number(Kind::Int8, Content::Int(on_the_wire)), Some(-12.0));
        }
        assert_eq!(number(Kind::Int16, Content::Int(0xFFF4)), Some(-12.0));
        assert_eq!(number(Kind::Int64, Content::Long(u64::MAX)), Some(-1.0));
        assert_eq!(number(Kind::UInt32, Content::Int(4_294_967_284)), Some(4_294_967_284.0));
    }

    #[test]
    fn what_cannot_be_of_the_type_is_no_value() {
        assert_eq!(number(Kind::Int8, Content::Int(0x1F4)), None);
        assert_eq!(number(Kind::UInt8, Content::Int(256)), None);
        assert_eq!(number(Kind::Int64, Content::Int(5)), None, "a negative one would be taken for a large one");
        assert_eq!(number(Kind::Boolean, Content::Int(1)), None);
        assert_eq!(number(Kind::Float, Content::Float(f32::NAN)), None);
        assert!(matches!(Kind::Int32.raw(&Content::Null), Err(Refusal::NotANumber(why)) if why == "is null"));
        assert!(Kind::String.raw(&Content::Text("x".repeat(300))).is_err() && Kind::String.raw(&Content::Structure).is_err());
    }

    #[test]
    fn every_type_has_the_number_and_the_name_of_the_specification() {
        for kind in Kind::ALL {
            assert_eq!(crate::sparkplug::payload::name_of(kind.number()), kind.as_str());
            assert_eq!((Kind::of_number(kind.number()), kind.as_str().parse()), (Some(kind), Ok(kind)));
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_reads_as_itself(number in -30_000i32..30_000, kind in 0usize..11) {
            let kind = Kind::ALL[kind];
            let value = match kind {
                Kind::Boolean => f64::from(number & 1),
                Kind::Int8 => f64::from(number as i8),
                Kind::UInt8 => f64::from(number as u8),
                Kind::UInt16 | Kind::UInt32 | Kind::UInt64 => f64::from(number.unsigned_abs()),
                _ => f64::from(number),
            };
            prop_assert_eq!(kind.raw(&kind.content(value).unwrap()), Ok(Raw::Number(value)));
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused_not_cut() {
        for (kind, value) in
            [(Kind::Int8, 128.0), (Kind::UInt16, -1.0), (Kind::UInt64, 18_446_744_073_709_551_616.0), (Kind::Float, 1e39), (Kind::Boolean, 0.5)]
        {
            assert!(kind.content(value).is_err(), "{kind} {value}");
        }
        assert!(Kind::Double.content(f64::NAN).is_err() && Kind::String.content(1.0).is_err());
    }
}
