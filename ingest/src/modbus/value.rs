//! What registers hold: value types, the four byte orders, and the way between words and numbers.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// How many bits make a value, and how they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ValueType {
    Bool,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl ValueType {
    pub const ALL: [Self; 9] = [Self::Bool, Self::U16, Self::I16, Self::U32, Self::I32, Self::U64, Self::I64, Self::F32, Self::F64];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
    /// Registers that one value takes. A bool in a register is one bit of it.
    pub const fn registers(self) -> u16 {
        match self {
            Self::Bool | Self::U16 | Self::I16 => 1,
            Self::U32 | Self::I32 | Self::F32 => 2,
            Self::U64 | Self::I64 | Self::F64 => 4,
        }
    }
}

/// A word that names no value type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no value type; use one of bool, u16, i16, u32, i32, u64, i64, f32, f64")]
pub struct BadType(pub String);

impl FromStr for ValueType {
    type Err = BadType;
    fn from_str(text: &str) -> Result<Self, BadType> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "bool" | "bit" => Self::Bool,
            "u16" | "uint16" | "word" | "uint" => Self::U16,
            "i16" | "int16" | "int" => Self::I16,
            "u32" | "uint32" | "dword" | "udint" => Self::U32,
            "i32" | "int32" | "dint" => Self::I32,
            "u64" | "uint64" | "lword" | "ulint" => Self::U64,
            "i64" | "int64" | "lint" => Self::I64,
            "f32" | "float32" | "float" | "real" => Self::F32,
            "f64" | "float64" | "double" | "lreal" => Self::F64,
            _ => return Err(BadType(text.chars().take(40).collect())),
        })
    }
}
impl TryFrom<String> for ValueType {
    type Error = BadType;
    fn try_from(text: String) -> Result<Self, BadType> {
        text.parse()
    }
}
impl From<ValueType> for String {
    fn from(kind: ValueType) -> String {
        kind.as_str().into()
    }
}
impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// In which order a device sends the bytes A (highest) to D (lowest) of a 32-bit value.
/// 16-bit values follow in whether bytes are swapped, 64-bit values in both that and the order of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ByteOrder {
    #[default]
    Abcd,
    Dcba,
    Badc,
    Cdab,
}

impl ByteOrder {
    pub const ALL: [Self; 4] = [Self::Abcd, Self::Dcba, Self::Badc, Self::Cdab];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abcd => "ABCD",
            Self::Dcba => "DCBA",
            Self::Badc => "BADC",
            Self::Cdab => "CDAB",
        }
    }
    const fn swaps_bytes(self) -> bool {
        matches!(self, Self::Dcba | Self::Badc)
    }
    const fn swaps_words(self) -> bool {
        matches!(self, Self::Dcba | Self::Cdab)
    }
    /// Between the device's order and big-endian words; its own inverse.
    fn reorder(self, words: &mut [u16]) {
        if self.swaps_words() {
            words.reverse();
        }
        if self.swaps_bytes() {
            words.iter_mut().for_each(|word| *word = word.swap_bytes());
        }
    }
}

impl fmt::Display for ByteOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The number in exactly as many registers as the type takes; `None` if there are more or fewer.
/// Integers past 2^53 lose their lowest bits, as every reading is an `f64`.
pub fn decode(kind: ValueType, order: ByteOrder, registers: &[u16]) -> Option<f64> {
    if registers.len() != usize::from(kind.registers()) {
        return None;
    }
    let mut words = registers.to_vec();
    order.reorder(&mut words);
    let bits = words.iter().fold(0u64, |bits, word| bits << 16 | u64::from(*word));
    Some(match kind {
        ValueType::Bool => f64::from(u8::from(bits != 0)),
        ValueType::U16 | ValueType::U32 | ValueType::U64 => bits as f64,
        ValueType::I16 => f64::from(bits as u16 as i16),
        ValueType::I32 => f64::from(bits as u32 as i32),
        ValueType::I64 => bits as i64 as f64,
        ValueType::F32 => f64::from(f32::from_bits(bits as u32)),
        ValueType::F64 => f64::from_bits(bits),
    })
}

/// Why a number cannot be put into registers.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DoesNotFit {
    #[error("{value} does not fit into {kind}, which holds {low} to {high}")]
    OutOfRange { value: f64, kind: ValueType, low: f64, high: f64 },
    #[error("{0} is no finite number")]
    NotFinite(f64),
    #[error("{0} is neither 0 nor 1, and a bit holds nothing else")]
    NotABit(f64),
}

/// The registers that hold the number, rounded to the nearest for integers.
pub fn encode(kind: ValueType, order: ByteOrder, value: f64) -> Result<Vec<u16>, DoesNotFit> {
    if !value.is_finite() {
        return Err(DoesNotFit::NotFinite(value));
    }
    let bits = match kind {
        ValueType::Bool => u64::from(as_bit(value)?),
        ValueType::U16 => within(kind, value, 0.0, f64::from(u16::MAX))? as u64,
        ValueType::U32 => within(kind, value, 0.0, f64::from(u32::MAX))? as u64,
        // The largest f64 below 2^64: casts saturate, so a larger bound would hide an overflow.
        ValueType::U64 => within(kind, value, 0.0, 18_446_744_073_709_549_568.0)? as u64,
        ValueType::I16 => u64::from(within(kind, value, f64::from(i16::MIN), f64::from(i16::MAX))? as i16 as u16),
        ValueType::I32 => u64::from(within(kind, value, f64::from(i32::MIN), f64::from(i32::MAX))? as i32 as u32),
        ValueType::I64 => within(kind, value, -9_223_372_036_854_775_808.0, 9_223_372_036_854_774_784.0)? as i64 as u64,
        ValueType::F32 => u64::from((float_within(value)? as f32).to_bits()),
        ValueType::F64 => value.to_bits(),
    };
    let count = kind.registers();
    let mut words: Vec<u16> = (0..count).rev().map(|place| (bits >> (16 * place)) as u16).collect();
    order.reorder(&mut words);
    Ok(words)
}

/// 0 or 1 as a bit.
pub fn as_bit(value: f64) -> Result<bool, DoesNotFit> {
    match value {
        0.0 => Ok(false),
        1.0 => Ok(true),
        _ => Err(DoesNotFit::NotABit(value)),
    }
}

fn within(kind: ValueType, value: f64, low: f64, high: f64) -> Result<f64, DoesNotFit> {
    let rounded = value.round();
    if (low..=high).contains(&rounded) { Ok(rounded) } else { Err(DoesNotFit::OutOfRange { value, kind, low, high }) }
}

fn float_within(value: f64) -> Result<f64, DoesNotFit> {
    let (low, high) = (f64::from(f32::MIN), f64::from(f32::MAX));
    if (low..=high).contains(&value) { Ok(value) } else { Err(DoesNotFit::OutOfRange { value, kind: ValueType::F32, low, high }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_four_orders_are_what_their_letters_say() {
        // 0x0A0B0C0D sent as the letters say, A being 0x0A.
        let sent = [
            (ByteOrder::Abcd, [0x0A0B, 0x0C0D]),
            (ByteOrder::Dcba, [0x0D0C, 0x0B0A]),
            (ByteOrder::Badc, [0x0B0A, 0x0D0C]),
            (ByteOrder::Cdab, [0x0C0D, 0x0A0B]),
        ];
        for (order, registers) in sent {
            assert_eq!(decode(ValueType::U32, order, &registers), Some(f64::from(0x0A0B_0C0D)), "{order}");
        }
    }

    #[test]
    fn a_64_bit_value_in_cdab_comes_with_its_last_word_first() {
        let [a, b, c, d] = [0u16, 1, 2, 3];
        assert_eq!(decode(ValueType::U64, ByteOrder::Cdab, &[d, c, b, a]), decode(ValueType::U64, ByteOrder::Abcd, &[a, b, c, d]));
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_not_cut() {
        assert!(encode(ValueType::I16, ByteOrder::Abcd, 40_000.0).is_err());
        assert!(encode(ValueType::U16, ByteOrder::Abcd, -1.0).is_err());
        assert!(encode(ValueType::U64, ByteOrder::Abcd, 18_446_744_073_709_551_616.0).is_err());
        assert!(encode(ValueType::F32, ByteOrder::Abcd, 1e39).is_err());
        assert!(encode(ValueType::F64, ByteOrder::Abcd, f64::NAN).is_err());
        assert!(encode(ValueType::Bool, ByteOrder::Abcd, 0.5).is_err());
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(number in -30_000i16..30_000, kind in 0usize..9, order in 0usize..4) {
            let (kind, order) = (ValueType::ALL[kind], ByteOrder::ALL[order]);
            let value = match kind {
                ValueType::Bool => f64::from(number & 1),
                ValueType::U16 | ValueType::U32 | ValueType::U64 => f64::from(number.unsigned_abs()),
                _ => f64::from(number),
            };
            prop_assert_eq!(decode(kind, order, &encode(kind, order, value).unwrap()), Some(value));
        }
    }
}
