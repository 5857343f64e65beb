//! Where a value lives in a Siemens controller: area, byte, bit, type. Many spellings in, one canonical form out.

use super::{
    spelling,
    value::{BadType, ValueType},
};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// A memory area that others may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Area {
    /// A data block, by its number.
    Block(u16),
    /// Bit memory, `M`.
    Memory,
    /// The process image of the inputs, `I` or `E`.
    Input,
    /// The process image of the outputs, `Q` or `A`.
    Output,
}

/// A checked address: its value lies inside its area, and its type fits its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    area: Area,
    byte: u16,
    bit: u8,
    kind: ValueType,
}

/// Why a text is no address. Each says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAddress {
    #[error("{0:?} is no S7 address; write DB1.DBD4:REAL, DB1.DBX2.1, MW20:INT, I0.1 or QB3")]
    Unknown(String),
    #[error("{0:?}: a data block has a number from 1 to 65535, as in DB1.DBD4:REAL")]
    BadBlock(String),
    #[error("{0:?} is past the last byte: an area has the bytes 0 to 65535, and the whole value must lie inside")]
    PastTheEnd(String),
    #[error("{0:?}: a bit is 0 to 7 of one byte, as in DB1.DBX2.1")]
    BadBit(String),
    #[error("{text:?}: only a BOOL has a bit; write {instead}")]
    NoBit { text: String, instead: String },
    #[error("{0:?} is a BOOL, which needs its bit, as in DB1.DBX2.1 or M2.1")]
    NeedsBit(String),
    #[error("{0:?} does not say what is there; add its type, as in DB1:4:REAL or MW20:INT")]
    NeedsType(String),
    #[error("{0:?}: a STRING needs its length, 1 to 254 characters, as in DB2.S1.32 or DB2.DBB1:STRING[32]")]
    NeedsLength(String),
    #[error("{text:?}: the type after the last `:` is not known")]
    BadType {
        text: String,
        #[source]
        cause: BadType,
    },
    #[error("{text:?}: {letter} is {width}, which a {kind} is not; write {instead}")]
    OtherWidth { text: String, letter: char, width: &'static str, kind: ValueType, instead: String },
    #[error("{text:?} says {said}, but the type {also} is given beside it; keep one of them")]
    Disagree { text: String, said: ValueType, also: ValueType },
}

/// The address that a text spells.
pub fn parse_address(text: &str) -> Result<Address, BadAddress> {
    spelling::parse(text, None)
}

impl Address {
    /// An address whose parts agree: a bit for a bool and for nothing else, the whole value inside the area.
    pub(super) fn checked(text: &str, area: Area, byte: u32, bit: Option<u8>, kind: ValueType) -> Result<Self, BadAddress> {
        let text = || shortened(text);
        if area == Area::Block(0) {
            return Err(BadAddress::BadBlock(text()));
        }
        if byte + u32::from(kind.width()) > 1 << 16 {
            return Err(BadAddress::PastTheEnd(text()));
        }
        let byte = u16::try_from(byte).map_err(|_too_large| BadAddress::PastTheEnd(text()))?;
        let bit = match (kind, bit) {
            (ValueType::Bool, None) => return Err(BadAddress::NeedsBit(text())),
            (ValueType::Bool, Some(bit @ 0..=7)) => bit,
            (ValueType::Bool, Some(_)) => return Err(BadAddress::BadBit(text())),
            (_, None) => 0,
            (_, Some(_)) => return Err(BadAddress::NoBit { text: text(), instead: Self { area, byte, bit: 0, kind }.to_string() }),
        };
        Ok(Self { area, byte, bit, kind })
    }
    pub const fn area(&self) -> Area {
        self.area
    }
    pub const fn byte(&self) -> u16 {
        self.byte
    }
    /// Of a bool; else 0.
    pub const fn bit(&self) -> u8 {
        self.bit
    }
    pub const fn kind(&self) -> ValueType {
        self.kind
    }
    /// Bytes that the value takes.
    pub const fn width(&self) -> u16 {
        self.kind.width()
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.area {
            Area::Block(number) => write!(f, "DB{number}.DB")?,
            Area::Memory => f.write_str("M")?,
            Area::Input => f.write_str("I")?,
            Area::Output => f.write_str("Q")?,
        }
        let Self { area, byte, bit, kind } = self;
        match (area, kind) {
            (Area::Block(_), ValueType::Bool) => write!(f, "X{byte}.{bit}:{kind}"),
            (_, ValueType::Bool) => write!(f, "{byte}.{bit}:{kind}"),
            _ => write!(f, "{}{byte}:{kind}", kind.letter()),
        }
    }
}
impl FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        parse_address(text)
    }
}
