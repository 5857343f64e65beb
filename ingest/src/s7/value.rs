//! What bytes of a Siemens controller hold: its value types, always with the highest byte first, and the way between bytes and numbers.

use crate::protocol::Raw;
use std::{fmt, str::FromStr};
use thiserror::Error;

/// How many bytes make a value, and how they are read. Types that hold the same numbers are one: `UINT` is `WORD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    Bool,
    Byte,
    Sint,
    Char,
    Word,
    Int,
    Dword,
    Dint,
    Real,
    Lword,
    Lint,
    Lreal,
    /// With room for so many characters.
    String(u8),
}

/// The number that a type's bytes are: every type of fixed length but `CHAR`.
pub const NUMBERS: [ValueType; 11] = [
    ValueType::Bool,
    ValueType::Byte,
    ValueType::Sint,
    ValueType::Word,
    ValueType::Int,
    ValueType::Dword,
    ValueType::Dint,
    ValueType::Real,
    ValueType::Lword,
    ValueType::Lint,
    ValueType::Lreal,
];

impl ValueType {
    /// Bytes that one value takes. A bool is a bit of one.
    pub const fn width(self) -> u16 {
        match self {
            Self::Bool | Self::Byte | Self::Sint | Self::Char => 1,
            Self::Word | Self::Int => 2,
            Self::Dword | Self::Dint | Self::Real => 4,
            Self::Lword | Self::Lint | Self::Lreal => 8,
            // Before the characters: how many fit, and how many there are.
            Self::String(room) => room as u16 + 2,
        }
    }
    /// The letter that an address gives this width.
    pub const fn letter(self) -> char {
        match self {
            Self::Bool => 'X',
            Self::Byte | Self::Sint | Self::Char | Self::String(_) => 'B',
            Self::Word | Self::Int => 'W',
            Self::Dword | Self::Dint | Self::Real => 'D',
            Self::Lword | Self::Lint | Self::Lreal => 'L',
        }
    }
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Char | Self::String(_))
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Bool => "BOOL",
            Self::Byte => "BYTE",
            Self::Sint => "SINT",
            Self::Char => "CHAR",
            Self::Word => "WORD",
            Self::Int => "INT",
            Self::Dword => "DWORD",
            Self::Dint => "DINT",
            Self::Real => "REAL",
            Self::Lword => "LWORD",
            Self::Lint => "LINT",
            Self::Lreal => "LREAL",
            Self::String(room) => return write!(f, "STRING[{room}]"),
        };
        f.write_str(name)
    }
}

/// A word that names no value type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} is no value type; use BOOL, BYTE, SINT, CHAR, WORD, INT, DWORD, DINT, REAL, LWORD, LINT, LREAL or STRING[n] with n from 1 to 254 (a TIME is a DINT of milliseconds)"
)]
pub struct BadType(pub String);

impl FromStr for ValueType {
    type Err = BadType;
    fn from_str(text: &str) -> Result<Self, BadType> {
        let name = text.trim().to_ascii_uppercase();
        Ok(match name.as_str() {
            "BOOL" | "BIT" => Self::Bool,
            "BYTE" | "USINT" => Self::Byte,
            "SINT" => Self::Sint,
            "CHAR" => Self::Char,
            "WORD" | "UINT" => Self::Word,
            "INT" => Self::Int,
            "DWORD" | "UDINT" => Self::Dword,
            "DINT" => Self::Dint,
            "REAL" => Self::Real,
            "LWORD" | "ULINT" => Self::Lword,
            "LINT" => Self::Lint,
            "LREAL" => Self::Lreal,
            _ => match room(&name) {
                Some(room) => Self::String(room),
                None => return Err(BadType(text.chars().take(40).collect())),
            },
        })
    }
}

/// The length in `STRING[32]` or `STRING(32)`.
fn room(name: &str) -> Option<u8> {
    let rest = name.strip_prefix("STRING")?;
    let inside = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inside = inside.or_else(|| rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')))?;
    let only_digits = inside.bytes().all(|byte| byte.is_ascii_digit());
    inside.parse().ok().filter(|room| only_digits && (1..=254).contains(room))
}

/// Why bytes are no value of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoValue {
    #[error("the answer is too short for this type")]
    TooShort,
    #[error("there is no STRING of this length at this place; check the address, and the length as it was declared in the controller")]
    NoString,
}

/// The value in exactly the bytes that the type takes. Integers past 2^53 lose their lowest bits, as every reading is an `f64`.
pub fn decode(kind: ValueType, bit: u8, bytes: &[u8]) -> Result<Raw, NoValue> {
    if bytes.len() != usize::from(kind.width()) {
        return Err(NoValue::TooShort);
    }
    if let ValueType::String(room) = kind {
        return text(room, bytes).map(Raw::Text);
    }
    let bits = bytes.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    Ok(Raw::Number(match kind {
        ValueType::Char => return Ok(Raw::Text(char::from(bits as u8).to_string())),
        ValueType::Bool => f64::from(bits as u8 >> bit.min(7) & 1),
        ValueType::Sint => f64::from(bits as u8 as i8),
        ValueType::Int => f64::from(bits as u16 as i16),
        ValueType::Dint => f64::from(bits as u32 as i32),
        ValueType::Real => f64::from(f32::from_bits(bits as u32)),
        ValueType::Lint => bits as i64 as f64,
        ValueType::Lreal => f64::from_bits(bits),
        _ => bits as f64,
    }))
}

/// The controller keeps beside the characters how many fit and how many there are; what contradicts itself is no string.
fn text(room: u8, bytes: &[u8]) -> Result<String, NoValue> {
    let [fits, used, characters @ ..] = bytes else { return Err(NoValue::TooShort) };
    if used > fits || *used > room {
        return Err(NoValue::NoString);
    }
    // One byte a character, by the first page of Unicode.
    characters.get(..usize::from(*used)).map(|characters| characters.iter().map(|byte| char::from(*byte)).collect()).ok_or(NoValue::TooShort)
}

/// Why a number cannot be put into a type.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DoesNotFit {
    #[error("{value} does not fit into {kind}, which holds {low} to {high}")]
    OutOfRange { value: f64, kind: ValueType, low: f64, high: f64 },
    #[error("{0} is no finite number")]
    NotFinite(f64),
    #[error("{0} is neither 0 nor 1, and a BOOL holds nothing else")]
    NotABit(f64),
    #[error("{0} holds a text, and only numbers are written")]
    Text(ValueType),
}

/// The bytes that hold the number, rounded to the nearest for integers. A bool is one byte, 0 or 1, as it travels.
pub fn encode(kind: ValueType, value: f64) -> Result<Vec<u8>, DoesNotFit> {
    if !value.is_finite() {
        return Err(DoesNotFit::NotFinite(value));
    }
    let whole = |low: f64, high: f64| within(kind, value, value.round(), low, high);
    Ok(match kind {
        ValueType::Bool if value == 0.0 || value == 1.0 => vec![u8::from(value == 1.0)],
        ValueType::Bool => return Err(DoesNotFit::NotABit(value)),
        ValueType::Byte => vec![whole(0.0, f64::from(u8::MAX))? as u8],
        ValueType::Sint => (whole(f64::from(i8::MIN), f64::from(i8::MAX))? as i8).to_be_bytes().into(),
        ValueType::Word => (whole(0.0, f64::from(u16::MAX))? as u16).to_be_bytes().into(),
        ValueType::Int => (whole(f64::from(i16::MIN), f64::from(i16::MAX))? as i16).to_be_bytes().into(),
        ValueType::Dword => (whole(0.0, f64::from(u32::MAX))? as u32).to_be_bytes().into(),
        ValueType::Dint => (whole(f64::from(i32::MIN), f64::from(i32::MAX))? as i32).to_be_bytes().into(),
        // The largest f64 below 2^64 and 2^63: casts saturate, so a larger bound would hide an overflow.
        ValueType::Lword => (whole(0.0, 18_446_744_073_709_549_568.0)? as u64).to_be_bytes().into(),
        ValueType::Lint => (whole(-9_223_372_036_854_775_808.0, 9_223_372_036_854_774_784.0)? as i64).to_be_bytes().into(),
        ValueType::Real => (within(kind, value, value, f64::from(f32::MIN), f64::from(f32::MAX))? as f32).to_be_bytes().into(),
        ValueType::Lreal => value.to_be_bytes().into(),
        ValueType::Char | ValueType::String(_) => return Err(DoesNotFit::Text(kind)),
    })
}

fn within(kind: ValueType, value: f64, rounded: f64, low: f64, high: f64) -> Result<f64, DoesNotFit> {
    if (low..=high).contains(&rounded) { Ok(rounded) } else { Err(DoesNotFit::OutOfRange { value, kind, low, high }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_highest_byte_comes_first() {
        assert_eq!(decode(ValueType::Dword, 0, &[0x0A, 0x0B, 0x0C, 0x0D]), Ok(Raw::Number(f64::from(0x0A0B_0C0D))));
        assert_eq!(decode(ValueType::Real, 0, &1480.0f32.to_be_bytes()), Ok(Raw::Number(1480.0)));
        assert_eq!(decode(ValueType::Lint, 0, &(-12i64).to_be_bytes()), Ok(Raw::Number(-12.0)));
        assert_eq!(decode(ValueType::Bool, 3, &[0b1000]), Ok(Raw::Number(1.0)));
        assert_eq!(decode(ValueType::Char, 0, b"R"), Ok(Raw::Text("R".into())));
    }

    #[test]
    fn a_string_has_as_many_characters_as_it_says() {
        assert_eq!(decode(ValueType::String(5), 0, b"\x20\x03RUN\0\0"), Ok(Raw::Text("RUN".into())));
        assert_eq!(decode(ValueType::String(5), 0, b"\x05\x00abcde"), Ok(Raw::Text(String::new())));
        assert_eq!(decode(ValueType::String(5), 0, b"\x20\x06RUNNI"), Err(NoValue::NoString), "longer than was asked for");
        assert_eq!(decode(ValueType::String(5), 0, b"\x02\x03RUN\0\0"), Err(NoValue::NoString), "longer than fits");
    }

    #[test]
    fn bytes_that_are_too_few_or_too_many_are_no_value() {
        assert_eq!(decode(ValueType::Real, 0, &[1, 2, 3]), Err(NoValue::TooShort));
        assert_eq!(decode(ValueType::Real, 0, &[1, 2, 3, 4, 5]), Err(NoValue::TooShort));
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_not_cut() {
        for (kind, value) in [
            (ValueType::Int, 40_000.0),
            (ValueType::Word, -1.0),
            (ValueType::Sint, 128.0),
            (ValueType::Lword, 18_446_744_073_709_551_616.0),
            (ValueType::Real, 1e39),
            (ValueType::Lreal, f64::NAN),
            (ValueType::Bool, 0.5),
            (ValueType::String(4), 1.0),
        ] {
            assert!(encode(kind, value).is_err(), "{kind} {value}");
        }
    }

    #[test]
    fn a_type_is_known_by_each_of_its_names() {
        for (name, kind) in [("usint", "BYTE"), ("UInt", "WORD"), ("udint", "DWORD"), ("ULINT", "LWORD"), ("string(8)", "STRING[8]")] {
            assert_eq!(name.parse::<ValueType>().unwrap().to_string(), kind);
        }
        for name in ["STRING", "STRING[0]", "STRING[255]", "STRING[+1]", "furlong", "", "DTL"] {
            assert!(name.parse::<ValueType>().is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(number in -128i16..=127, kind in 0usize..NUMBERS.len()) {
            let kind = NUMBERS[kind];
            let value = match kind {
                ValueType::Bool => f64::from(number & 1),
                ValueType::Byte | ValueType::Word | ValueType::Dword | ValueType::Lword => f64::from(number.unsigned_abs()),
                _ => f64::from(number),
            };
            prop_assert_eq!(decode(kind, 0, &encode(kind, value).unwrap()), Ok(Raw::Number(value)));
        }
        #[test]
        fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), kind in 0usize..NUMBERS.len(), room in 1u8..=30, bit in 0u8..9) {
            for kind in [NUMBERS[kind], ValueType::String(room), ValueType::Char] {
                drop(decode(kind, bit, &bytes));
            }
        }
    }
}
