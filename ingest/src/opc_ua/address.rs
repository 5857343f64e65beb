//! Where a value lives on an OPC UA server: a node id, its namespace by number or by URI, and an element of an array. One canonical form out.

use super::spelling;
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Which namespace the identifier belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Namespace {
    Index(u16),
    /// Resolved at each connect: a server may number its namespaces anew at each start.
    Uri(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    Number(u32),
    Text(String),
    /// As its 16 bytes are written, from left to right.
    Guid([u8; 16]),
    Bytes(Vec<u8>),
}

/// A checked address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    pub(super) namespace: Namespace,
    pub(super) identifier: Identifier,
    /// One element of an array, counted from 0.
    pub(super) index: Option<u32>,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAddress {
    #[error("{0:?} is no node id; write it as the server shows it, like ns=2;s=Motor1.Speed, ns=2;i=1001 or nsu=urn:example:plc;s=Speed")]
    Unknown(String),
    #[error("{0:?}: ns is a number from 0 to 65535, as in ns=2;s=Speed; a namespace's URI is written nsu=urn:example:plc;s=Speed")]
    BadNamespace(String),
    #[error("{0:?}: nsu is the namespace's URI, of at most 4096 characters and not empty, as in nsu=urn:example:plc;s=Speed")]
    BadUri(String),
    #[error("{0:?}: after i= stands a number from 0 to 4294967295, as in ns=2;i=1001")]
    BadNumber(String),
    #[error("{0:?}: after s= stands a text of 1 to 4096 characters, as in ns=2;s=Motor1.Speed")]
    BadText(String),
    #[error("{0:?}: after g= stands a GUID, as in ns=2;g=09087e75-8e5e-499b-954f-f2a9603db28a")]
    BadGuid(String),
    #[error("{0:?}: after b= stand bytes in base64, as in ns=2;b=M/RbKBsRVkePCePcx24oRA==")]
    BadBytes(String),
    #[error("{0:?}: index is the element's number, counted from 0 and before the identifier, as in ns=2;index=3;s=Profile")]
    BadIndex(String),
    #[error("{0:?}: nodes on another server (svr=) are not followed; configure that server as a device of its own")]
    OtherServer(String),
}

/// The address that a text spells.
pub fn parse_address(text: &str) -> Result<Address, BadAddress> {
    spelling::parse(text)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Namespace::Index(0) => {}
            Namespace::Index(number) => write!(f, "ns={number};")?,
            Namespace::Uri(uri) => write!(f, "nsu={};", uri.replace('%', "%25").replace(';', "%3B"))?,
        }
        if let Some(index) = self.index {
            write!(f, "index={index};")?;
        }
        match &self.identifier {
            Identifier::Number(number) => write!(f, "i={number}"),
            Identifier::Text(text) => write!(f, "s={text}"),
            Identifier::Guid(bytes) => write!(f, "g={}", spelling::guid(bytes)),
            Identifier::Bytes(bytes) => write!(f, "b={}", spelling::base64(bytes)),
        }
    }
}
impl FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        parse_address(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        let address = parse_address(text).unwrap();
        let canonical = address.to_string();
        assert_eq!(parse_address(&canonical), Ok(address), "{canonical}");
        canonical
    }

    #[test]
    fn every_kind_of_node_id_is_read_and_shown_in_one_way() {
        assert_eq!(canonical(" NS=2;s=Motor1.Speed "), "ns=2;s=Motor1.Speed");
        assert_eq!(canonical("ns=0;i=2258"), "i=2258");
        assert_eq!(canonical("i=02258"), "i=2258");
        assert_eq!(canonical("ns=2;g=09087E75-8E5E-499B-954F-F2A9603DB28A"), "ns=2;g=09087e75-8e5e-499b-954f-f2a9603db28a");
        assert_eq!(canonical("ns=2;b=M/RbKBsRVkePCePcx24oRA=="), "ns=2;b=M/RbKBsRVkePCePcx24oRA==");
        assert_eq!(canonical("nsu=urn:test:plc;s=Speed"), "nsu=urn:test:plc;s=Speed");
        assert_eq!(canonical("nsu=http://a/b%3Bc%2525;i=1"), "nsu=http://a/b%3Bc%2525;i=1");
        assert_eq!(canonical("ns=2;index=03;s=Profile"), "ns=2;index=3;s=Profile");
    }

    #[test]
    fn a_text_identifier_keeps_brackets_quotes_and_semicolons() {
        for text in [r#"ns=3;s="DB1"."values"[3]"#, "ns=3;s=a;b=c", "ns=3;s=a;index=1"] {
            assert_eq!(canonical(text), text);
        }
    }

    #[test]
    fn what_is_no_node_id_is_refused_with_what_to_write() {
        for (text, hint) in [
            ("Motor1.Speed", "ns=2;s=Motor1.Speed"),
            ("", "ns=2"),
            ("ns=65536;s=a", "65535"),
            ("ns=;s=a", "65535"),
            ("ns=2;i=4294967296", "4294967295"),
            ("ns=2;i=-1", "4294967295"),
            ("ns=2;i=+1", "4294967295"),
            ("ns=2;s=", "1 to 4096"),
            ("ns=2;g=09087e75", "GUID"),
            ("ns=2;b=%%%", "base64"),
            ("nsu=;s=a", "URI"),
            ("ns=2;index=x;s=a", "index"),
            ("svr=1;ns=2;s=a", "device of its own"),
            ("ns=2;ns=3;s=a", "ns=2;s=Motor1.Speed"),
        ] {
            let why = parse_address(text).unwrap_err().to_string();
            assert!(why.contains(hint), "{text}: {why}");
        }
    }
}
