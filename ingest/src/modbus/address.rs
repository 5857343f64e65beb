//! Where a value lives on a Modbus device: unit, table, 0-based protocol address, bit, type. Many spellings in, one canonical form out.

use super::{
    spelling,
    value::{BadType, ValueType},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// The four tables of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    Coil,
    Discrete,
    Input,
    Holding,
}

impl Table {
    pub const ALL: [Self; 4] = [Self::Coil, Self::Discrete, Self::Input, Self::Holding];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coil => "coil",
            Self::Discrete => "discrete",
            Self::Input => "input",
            Self::Holding => "holding",
        }
    }
    /// Whether its items are single bits and not registers.
    pub const fn is_bits(self) -> bool {
        matches!(self, Self::Coil | Self::Discrete)
    }
    pub const fn is_writable(self) -> bool {
        matches!(self, Self::Coil | Self::Holding)
    }
}

/// A checked address: its value lies inside its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    unit: Option<u8>,
    table: Table,
    offset: u16,
    bit: Option<u8>,
    kind: Option<ValueType>,
}

/// Why a text is no address. Every one says how addresses count.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAddress {
    #[error("{0:?} is no modbus address; write holding:0, input:0, coil:0 or discrete:0 counted from 0, or 40001, which is holding 0")]
    Unknown(String),
    #[error("{0:?} counts from 1 in this spelling (40001 = holding 0), so its number cannot be 0")]
    CountsFromOne(String),
    #[error("{0:?} is past the last address: a table has the 0-based addresses 0 to 65535 (40001 = holding 0), and the whole value must lie inside")]
    PastTheEnd(String),
    #[error("{0:?} could count from 0 or from 1; write holding:0 for the first register (40001 = holding 0)")]
    Ambiguous(String),
    #[error("{text:?}: the unit before `!` must be 0 to 255, as in 1!holding:0 (40001 = holding 0)")]
    BadUnit { text: String },
    #[error("{text:?}: a bit is 0 to 15 of one holding or input register, as in holding:0.3 (40001 = holding 0)")]
    BadBit { text: String },
    #[error("{text:?}: the type after the last `:` is not known, as in holding:0:f32 (40001 = holding 0)")]
    BadType {
        text: String,
        #[source]
        cause: BadType,
    },
    #[error("{text:?} holds single bits, so its type is bool, not {kind}; registers are holding or input (40001 = holding 0)")]
    BitsOnly { text: String, kind: ValueType },
    #[error("{text:?} is a whole register; a bool in it needs its bit, as in holding:0.3:bool (40001 = holding 0)")]
    BoolNeedsBit { text: String },
}

/// The address that a text spells.
pub fn parse_address(text: &str) -> Result<Address, BadAddress> {
    spelling::parse(text)
}

impl Address {
    /// An address whose parts agree: bits only in registers, types that fit the table, the whole value inside it.
    pub(super) fn checked(
        text: &str,
        unit: Option<u8>,
        table: Table,
        offset: u16,
        bit: Option<u8>,
        kind: Option<ValueType>,
    ) -> Result<Self, BadAddress> {
        let text = || shortened(text);
        if bit.is_some_and(|bit| bit > 15 || table.is_bits()) {
            return Err(BadAddress::BadBit { text: text() });
        }
        match kind {
            Some(kind) if kind != ValueType::Bool && table.is_bits() => return Err(BadAddress::BitsOnly { text: text(), kind }),
            Some(kind) if kind != ValueType::Bool && bit.is_some() => return Err(BadAddress::BadBit { text: text() }),
            Some(ValueType::Bool) if !table.is_bits() && bit.is_none() => return Err(BadAddress::BoolNeedsBit { text: text() }),
            _ => {}
        }
        let address = Self { unit, table, offset, bit, kind };
        if u32::from(offset) + u32::from(address.width()) > 1 << 16 {
            return Err(BadAddress::PastTheEnd(text()));
        }
        Ok(address)
    }
    /// The same place read as another type.
    pub fn with_type(self, kind: ValueType) -> Result<Self, BadAddress> {
        Self::checked(&self.to_string(), self.unit, self.table, self.offset, self.bit, Some(kind))
    }
    pub const fn unit(&self) -> Option<u8> {
        self.unit
    }
    pub const fn table(&self) -> Table {
        self.table
    }
    /// The protocol address, counted from 0.
    pub const fn offset(&self) -> u16 {
        self.offset
    }
    pub const fn bit(&self) -> Option<u8> {
        self.bit
    }
    /// The type as written in the address, if it was.
    pub const fn written_type(&self) -> Option<ValueType> {
        self.kind
    }
    /// The type as written, or what goes without saying: bool for a bit, u16 for a register.
    pub fn kind(&self) -> ValueType {
        let silent = if self.table.is_bits() || self.bit.is_some() { ValueType::Bool } else { ValueType::U16 };
        self.kind.unwrap_or(silent)
    }
    /// Items of its table that the value takes.
    pub fn width(&self) -> u16 {
        self.kind().registers()
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(unit) = self.unit {
            write!(f, "{unit}!")?;
        }
        write!(f, "{}:{}", self.table.as_str(), self.offset)?;
        if let Some(bit) = self.bit {
            write!(f, ".{bit}")?;
        }
        match self.kind {
            Some(kind) => write!(f, ":{kind}"),
            None => Ok(()),
        }
    }
}
impl FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        parse_address(text)
    }
}
impl TryFrom<String> for Address {
    type Error = BadAddress;
    fn try_from(text: String) -> Result<Self, BadAddress> {
        parse_address(&text)
    }
}
impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}
