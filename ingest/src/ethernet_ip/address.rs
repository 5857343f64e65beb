//! Which tag a point is: names, indices, a bit, a type. Many spellings in, one canonical form out; case is kept and does not tell tags apart.

use super::{
    cip::Path,
    spelling,
    value::{BadType, TagType},
};
use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};
use thiserror::Error;

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A tag, with its program or module in front (`Program:Main`, `Local:1:I`), or a member.
    Name(String),
    /// A place in each dimension of an array.
    Index(Vec<u32>),
}

/// A checked address. Two that differ in case alone are the same, as they are in the controller.
#[derive(Debug, Clone)]
pub struct Address {
    pub(super) steps: Vec<Step>,
    pub(super) bit: Option<u8>,
    pub(super) kind: Option<TagType>,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAddress {
    #[error("{0:?} is no tag; write Tag, Program:Main.Tag, Tag[3], Tag.Member or Tag.3 for a bit, with :REAL or another type behind it if you like")]
    Unknown(String),
    #[error("{0:?} has a name that no tag can have: 1 to 40 letters, digits and underscores, not beginning with a digit")]
    BadName(String),
    #[error("{0:?}: an index is one to three numbers from 0 on, as in Tag[3] or Tag[1,2]")]
    BadIndex(String),
    #[error("{0:?}: a bit is 0 to 63 of a whole number and stands at the end, as in Tag.3")]
    BadBit(String),
    #[error("{0:?} names a program, but no tag in it; write Program:Main.Tag")]
    NoTag(String),
    #[error("{0:?} asks for more than one element; name one, as in Tag[3]")]
    Several(String),
    #[error("{0:?} is longer than a request can carry; shorten the tag, or make an alias for it in the controller")]
    TooLong(String),
    #[error("{text:?}: the type after the last `:` is not known, as in Tag:REAL")]
    BadType {
        text: String,
        #[source]
        cause: BadType,
    },
    #[error("{text:?} is a single bit, so its type is BOOL, not {kind}")]
    BitIsBool { text: String, kind: TagType },
}

/// Bytes that a tag's way through the controller may take in a request.
const LONGEST_PATH: usize = 400;

/// The address that a text spells.
pub fn parse_address(text: &str) -> Result<Address, BadAddress> {
    spelling::parse(text)
}

impl Address {
    /// An address whose parts agree, and that fits into a request.
    pub(super) fn checked(text: &str, steps: Vec<Step>, bit: Option<u8>, kind: Option<TagType>) -> Result<Self, BadAddress> {
        let kind = match (bit, kind) {
            (Some(_), Some(kind)) if kind != TagType::Bool => return Err(BadAddress::BitIsBool { text: shortened(text), kind }),
            (Some(_), None) => Some(TagType::Bool),
            (_, kind) => kind,
        };
        let address = Self { steps, bit, kind };
        if Path::of(&address.steps).bytes().len() > LONGEST_PATH {
            return Err(BadAddress::TooLong(shortened(text)));
        }
        Ok(address)
    }
    /// The same place as another type.
    pub fn with_type(self, kind: TagType) -> Result<Self, BadAddress> {
        Self::checked(&self.to_string(), self.steps, self.bit, Some(kind))
    }
    pub const fn bit(&self) -> Option<u8> {
        self.bit
    }
    /// The type as written; BOOL of a bit.
    pub const fn kind(&self) -> Option<TagType> {
        self.kind
    }
    /// The one place in an array of one dimension, where the address ends with it.
    pub(super) fn last_index(&self) -> Option<u32> {
        match self.steps.last()? {
            Step::Index(places) if places.len() == 1 => places.first().copied(),
            _ => None,
        }
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Name(name) if position == 0 => f.write_str(name)?,
                Step::Name(name) => write!(f, ".{name}")?,
                Step::Index(places) => {
                    let places: Vec<String> = places.iter().map(u32::to_string).collect();
                    write!(f, "[{}]", places.join(","))?;
                }
            }
        }
        if let Some(bit) = self.bit {
            write!(f, ".{bit}")?;
        }
        match self.kind {
            Some(kind) => write!(f, ":{kind}"),
            None => Ok(()),
        }
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.to_string().eq_ignore_ascii_case(&other.to_string())
    }
}
impl Eq for Address {}
impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_string().to_ascii_lowercase().hash(state);
    }
}
impl FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        parse_address(text)
    }
}
