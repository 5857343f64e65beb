//! The types of tags, by their names and CIP codes, and between their bytes and numbers. Pure.

use crate::protocol::Raw;
use std::{fmt, str::FromStr};
use thiserror::Error;

/// What a tag holds. Bit strings (BYTE to LWORD) are read as the unsigned integers of their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TagType {
    Bool,
    Sint,
    Int,
    Dint,
    Lint,
    Usint,
    Uint,
    Udint,
    Ulint,
    Real,
    Lreal,
    Byte,
    Word,
    Dword,
    Lword,
    String,
}

/// The type as an answer names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Plain(TagType),
    /// Characters behind a length of two bytes, as CIP has it.
    LongString,
    /// Characters behind a length of one byte, as a Micro800 has it.
    ShortString,
    /// A structure, by its handle. Logix' own STRING is one.
    Structure(u16),
    Unknown(u16),
}

/// The structure that Logix calls STRING: a length and 82 characters.
pub const LOGIX_STRING: u16 = 0x0FCE;
const STRUCTURE: u16 = 0x02A0;
/// Characters of Logix' STRING.
const LOGIX_STRING_HOLDS: usize = 82;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no type; use BOOL, SINT, INT, DINT, LINT, USINT, UINT, UDINT, ULINT, REAL, LREAL or STRING")]
pub struct BadType(pub String);

impl TagType {
    pub const ALL: [Self; 16] = [
        Self::Bool,
        Self::Sint,
        Self::Int,
        Self::Dint,
        Self::Lint,
        Self::Usint,
        Self::Uint,
        Self::Udint,
        Self::Ulint,
        Self::Real,
        Self::Lreal,
        Self::Byte,
        Self::Word,
        Self::Dword,
        Self::Lword,
        Self::String,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Sint => "SINT",
            Self::Int => "INT",
            Self::Dint => "DINT",
            Self::Lint => "LINT",
            Self::Usint => "USINT",
            Self::Uint => "UINT",
            Self::Udint => "UDINT",
            Self::Ulint => "ULINT",
            Self::Real => "REAL",
            Self::Lreal => "LREAL",
            Self::Byte => "BYTE",
            Self::Word => "WORD",
            Self::Dword => "DWORD",
            Self::Lword => "LWORD",
            Self::String => "STRING",
        }
    }
    /// As it stands before a written value.
    pub const fn code(self) -> u16 {
        match self {
            Self::Bool => 0xC1,
            Self::Sint => 0xC2,
            Self::Int => 0xC3,
            Self::Dint => 0xC4,
            Self::Lint => 0xC5,
            Self::Usint => 0xC6,
            Self::Uint => 0xC7,
            Self::Udint => 0xC8,
            Self::Ulint => 0xC9,
            Self::Real => 0xCA,
            Self::Lreal => 0xCB,
            Self::String => 0xD0,
            Self::Byte => 0xD1,
            Self::Word => 0xD2,
            Self::Dword => 0xD3,
            Self::Lword => 0xD4,
        }
    }
    /// Bytes of one value; of a text the most that an answer brings.
    pub const fn width(self) -> usize {
        match self {
            Self::Bool | Self::Sint | Self::Usint | Self::Byte => 1,
            Self::Int | Self::Uint | Self::Word => 2,
            Self::Dint | Self::Udint | Self::Real | Self::Dword => 4,
            Self::Lint | Self::Ulint | Self::Lreal | Self::Lword => 8,
            Self::String => 92,
        }
    }
    /// Single bits of it can be named.
    pub const fn is_whole(self) -> bool {
        !matches!(self, Self::Bool | Self::Real | Self::Lreal | Self::String)
    }
    /// The smallest and the largest number that an integer holds.
    fn bounds(self) -> Option<(f64, f64)> {
        let bits = i32::try_from(self.width() * 8).unwrap_or(64);
        match self {
            Self::Bool => Some((0.0, 1.0)),
            Self::Sint | Self::Int | Self::Dint | Self::Lint => Some((-(2f64.powi(bits - 1)), below(2f64.powi(bits - 1)))),
            Self::Real | Self::Lreal | Self::String => None,
            _ => Some((0.0, below(2f64.powi(bits)))),
        }
    }
}

/// The largest whole f64 below a power of two: casts saturate, so a larger bound would hide an overflow.
fn below(power: f64) -> f64 {
    if power > 2f64.powi(53) { power.next_down() } else { power - 1.0 }
}

impl FromStr for TagType {
    type Err = BadType;
    fn from_str(text: &str) -> Result<Self, BadType> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text.trim()));
        known.ok_or_else(|| BadType(text.chars().take(40).collect()))
    }
}
impl fmt::Display for TagType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Code {
    /// The type that stands before an answer's value, and the value's bytes. `None` if there is no room for a type.
    pub fn split(data: &[u8]) -> Option<(Self, &[u8])> {
        let (code, rest) = data.split_first_chunk().map(|(code, rest)| (u16::from_le_bytes(*code), rest))?;
        let code = match code {
            STRUCTURE => {
                let (handle, value) = rest.split_first_chunk()?;
                return Some((Self::Structure(u16::from_le_bytes(*handle)), value));
            }
            0xD0 => Self::LongString,
            0xDA => Self::ShortString,
            // A BOOL inside a structure says in the upper byte which bit it is.
            0xC1 | 0x1C1 | 0x2C1 | 0x3C1 | 0x4C1 | 0x5C1 | 0x6C1 | 0x7C1 => Self::Plain(TagType::Bool),
            code => TagType::ALL.into_iter().find(|kind| kind.code() == code).map_or(Self::Unknown(code), Self::Plain),
        };
        Some((code, rest))
    }
    /// The type as a person configures it, if a single point can be of it.
    pub fn kind(self) -> Option<TagType> {
        match self {
            Self::Plain(kind) => Some(kind),
            Self::LongString | Self::ShortString | Self::Structure(LOGIX_STRING) => Some(TagType::String),
            Self::Structure(_) | Self::Unknown(_) => None,
        }
    }
    /// The value; `None` if the bytes are not exactly those of one.
    pub fn decode(self, bytes: &[u8]) -> Option<Raw> {
        match self {
            Self::Plain(kind) => number(kind, bytes).map(Raw::Number),
            Self::LongString => {
                let (length, characters) = bytes.split_first_chunk()?;
                text(u16::from_le_bytes(*length).into(), characters)
            }
            Self::ShortString => {
                let (length, characters) = bytes.split_first()?;
                text((*length).into(), characters)
            }
            Self::Structure(LOGIX_STRING) => {
                let (length, characters) = bytes.split_first_chunk()?;
                let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
                if length > LOGIX_STRING_HOLDS { None } else { text(length, characters) }
            }
            Self::Structure(_) | Self::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind(), self) {
            (Some(kind), _) => write!(f, "{kind}"),
            (None, Self::Structure(handle)) => write!(f, "a structure (handle 0x{handle:04X})"),
            (None, Self::Unknown(code)) => write!(f, "of an unknown type (0x{code:04X})"),
            (None, _) => f.write_str("of an unknown type"),
        }
    }
}

/// The bits of an integer, whatever its size.
pub fn bits(kind: TagType, bytes: &[u8]) -> Option<u64> {
    let exact = bytes.get(..kind.width())?;
    // A value of one byte may be followed by one to fill the word; more would be something else.
    let filled = bytes.len() == kind.width() || kind.width() == 1 && bytes.len() == 2;
    filled.then(|| exact.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
}

/// Integers past 2^53 lose their lowest bits, as every reading is an `f64`.
fn number(kind: TagType, bytes: &[u8]) -> Option<f64> {
    let bits = bits(kind, bytes)?;
    Some(match kind {
        TagType::Bool => f64::from(u8::from(bits != 0)),
        TagType::Sint => f64::from(bits as u8 as i8),
        TagType::Int => f64::from(bits as u16 as i16),
        TagType::Dint => f64::from(bits as u32 as i32),
        TagType::Lint => bits as i64 as f64,
        TagType::Real => f64::from(f32::from_bits(bits as u32)),
        TagType::Lreal => f64::from_bits(bits),
        TagType::String => return None,
        _ => bits as f64,
    })
}

/// What is not UTF-8 is Latin-1, which older controllers and panels write.
fn text(length: usize, characters: &[u8]) -> Option<Raw> {
    let written = characters.get(..length)?;
    let text = str::from_utf8(written).map_or_else(|_| written.iter().map(|byte| char::from(*byte)).collect(), String::from);
    Some(Raw::Text(text))
}

/// Why a number cannot be put into a tag.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DoesNotFit {
    #[error("{value} does not fit into {kind}, which holds {low} to {high}")]
    OutOfRange { value: f64, kind: TagType, low: f64, high: f64 },
    #[error("{0} is no finite number")]
    NotFinite(f64),
    #[error("{0} is neither 0 nor 1, and a BOOL holds nothing else")]
    NotABit(f64),
    #[error("it is a STRING, and only numbers are written")]
    Text,
}

/// The bytes that hold the number, rounded to the nearest for integers.
pub fn encode(kind: TagType, value: f64) -> Result<Vec<u8>, DoesNotFit> {
    if !value.is_finite() {
        return Err(DoesNotFit::NotFinite(value));
    }
    let bits = match (kind, kind.bounds()) {
        (TagType::String, _) => return Err(DoesNotFit::Text),
        (TagType::Bool, _) if value != 0.0 && value != 1.0 => return Err(DoesNotFit::NotABit(value)),
        (_, Some((low, high))) => whole(kind, value, low, high)?,
        (TagType::Real, None) => {
            let (low, high) = (f64::from(f32::MIN), f64::from(f32::MAX));
            if !(low..=high).contains(&value) {
                return Err(DoesNotFit::OutOfRange { value, kind, low, high });
            }
            u64::from((value as f32).to_bits())
        }
        (_, None) => value.to_bits(),
    };
    Ok(bits.to_le_bytes().into_iter().take(kind.width()).collect())
}

/// Two's complement where the type has a sign: the lowest bytes are the same for every width.
fn whole(kind: TagType, value: f64, low: f64, high: f64) -> Result<u64, DoesNotFit> {
    let rounded = value.round();
    if !(low..=high).contains(&rounded) {
        return Err(DoesNotFit::OutOfRange { value, kind, low, high });
    }
    Ok(if low < 0.0 { rounded as i64 as u64 } else { rounded as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(code: u16, bytes: &[u8]) -> Option<Raw> {
        let data = [&code.to_le_bytes()[..], bytes].concat();
        let (code, bytes) = Code::split(&data)?;
        code.decode(bytes)
    }

    #[test]
    fn every_type_is_read_with_its_sign_and_size_and_no_other_size() {
        assert_eq!(decoded(0xC3, &[0x0C, 0xFE]), Some(Raw::Number(-500.0)));
        assert_eq!(decoded(0xC7, &[0x0C, 0xFE]), Some(Raw::Number(65_036.0)));
        assert_eq!(decoded(0xC4, &(-12i32).to_le_bytes()), Some(Raw::Number(-12.0)));
        assert_eq!(decoded(0xCA, &1_480.5f32.to_le_bytes()), Some(Raw::Number(1_480.5)));
        assert_eq!(decoded(0xCB, &0.1f64.to_le_bytes()), Some(Raw::Number(0.1)));
        assert_eq!(decoded(0xC1, &[255]), Some(Raw::Number(1.0)));
        assert_eq!(decoded(0x3C1, &[1, 0]), Some(Raw::Number(1.0)));
        assert_eq!(decoded(0xC4, &[1, 2, 3]), None);
        assert_eq!(decoded(0xC4, &[1, 2, 3, 4, 5]), None);
    }

    #[test]
    fn a_text_is_read_from_all_three_kinds_of_string_and_never_past_its_end() {
        let run = Some(Raw::Text("RUN".into()));
        assert_eq!(decoded(0xD0, b"\x03\x00RUN"), run);
        assert_eq!(decoded(0xDA, b"\x03RUN"), run);
        assert_eq!(decoded(STRUCTURE, &[&[0xCE, 0x0F, 3, 0, 0, 0][..], b"RUN", &[0; 81]].concat()), run);
        assert_eq!(decoded(0xDA, b"\x04RUN"), None);
        assert_eq!(decoded(STRUCTURE, &[&[0xCE, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF][..], b"RUN"].concat()), None);
        assert_eq!(decoded(0xDA, &[1, 0xB0]), Some(Raw::Text("°".into())));
    }

    #[test]
    fn a_structure_or_a_type_that_is_not_known_is_no_value() {
        assert_eq!(decoded(STRUCTURE, &[0x34, 0x12, 1, 2, 3, 4]), None);
        assert_eq!(decoded(0xCC, &[1, 2, 3, 4]), None);
        assert_eq!(Code::Structure(0x1234).to_string(), "a structure (handle 0x1234)");
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused_with_the_bounds() {
        assert_eq!(encode(TagType::Sint, -128.4), Ok(vec![0x80]));
        assert_eq!(encode(TagType::Uint, 65_535.0), Ok(vec![0xFF, 0xFF]));
        assert!(encode(TagType::Uint, 65_536.0).unwrap_err().to_string().contains("0 to 65535"));
        assert!(encode(TagType::Lint, 9.3e18).is_err());
        assert!(encode(TagType::Ulint, 1.85e19).is_err());
        assert!(encode(TagType::Real, 1e39).is_err());
        assert!(encode(TagType::Bool, 0.5).is_err());
        assert!(encode(TagType::Real, f64::NAN).is_err());
        assert!(encode(TagType::String, 1.0).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in -1e10f64..1e10, kind in prop::sample::select(TagType::ALL.to_vec())) {
            if let Ok(bytes) = encode(kind, value) {
                let Some(Raw::Number(back)) = decoded(kind.code(), &bytes) else { panic!("{kind} does not read back") };
                let step = if kind == TagType::Real { value.abs() * 1e-6 } else { 0.5 };
                prop_assert!((back - value).abs() <= step, "{kind}: {value} became {back}");
            }
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(data in prop::collection::vec(any::<u8>(), 0..120)) {
            if let Some((code, bytes)) = Code::split(&data) {
                let _ = code.decode(bytes);
            }
        }
    }
}
