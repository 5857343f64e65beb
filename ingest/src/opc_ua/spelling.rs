//! How node ids are written: `ns=2;s=…`, `nsu=…;i=…`, GUIDs and base64. Pure.

use super::address::{Address, BadAddress, Identifier, Namespace};

/// The longest text that the protocol allows as an identifier.
const LONGEST: usize = 4_096;

pub(super) fn parse(text: &str) -> Result<Address, BadAddress> {
    let mut rest = text.trim();
    let shown = || text.chars().take(60).collect::<String>();
    let (mut namespace, mut index) = (None, None);
    loop {
        let (key, value) = rest.split_once('=').ok_or_else(|| BadAddress::Unknown(shown()))?;
        let key = key.to_ascii_lowercase();
        if matches!(key.as_str(), "i" | "s" | "g" | "b") {
            let identifier = identifier(&key, value).ok_or_else(|| bad_identifier(&key, shown()))?;
            return Ok(Address { namespace: namespace.unwrap_or(Namespace::Index(0)), identifier, index });
        }
        let (value, after) = value.split_once(';').ok_or_else(|| BadAddress::Unknown(shown()))?;
        match key.as_str() {
            "ns" if namespace.is_none() => {
                let number = whole(value).and_then(|number| number.try_into().ok());
                namespace = Some(Namespace::Index(number.ok_or_else(|| BadAddress::BadNamespace(shown()))?));
            }
            "nsu" if namespace.is_none() => namespace = Some(Namespace::Uri(uri(value).ok_or_else(|| BadAddress::BadUri(shown()))?)),
            "index" if index.is_none() => index = Some(whole(value).ok_or_else(|| BadAddress::BadIndex(shown()))?),
            "svr" => return Err(BadAddress::OtherServer(shown())),
            _ => return Err(BadAddress::Unknown(shown())),
        }
        rest = after;
    }
}

fn bad_identifier(key: &str, shown: String) -> BadAddress {
    match key {
        "i" => BadAddress::BadNumber(shown),
        "s" => BadAddress::BadText(shown),
        "g" => BadAddress::BadGuid(shown),
        _ => BadAddress::BadBytes(shown),
    }
}

fn identifier(key: &str, value: &str) -> Option<Identifier> {
    match key {
        "i" => whole(value).map(Identifier::Number),
        "s" => (1..=LONGEST).contains(&value.chars().count()).then(|| Identifier::Text(value.into())),
        "g" => guid_of(value).map(Identifier::Guid),
        _ => bytes_of(value).filter(|bytes| (1..=LONGEST).contains(&bytes.len())).map(Identifier::Bytes),
    }
}

/// Digits only: `parse` alone would take a sign.
fn whole(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// `;` and `%` of the URI are written `%3B` and `%25`.
fn uri(text: &str) -> Option<String> {
    let plain = text.replace("%3b", ";").replace("%3B", ";").replace("%25", "%");
    (1..=LONGEST).contains(&plain.chars().count()).then_some(plain)
}

pub(super) fn guid(bytes: &[u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn guid_of(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths != [8, 4, 4, 4, 12] {
        return None;
    }
    let digits: Vec<u8> = groups.concat().chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    bytes.try_into().ok()
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn base64(bytes: &[u8]) -> String {
    let letter = |six: u32| char::from(LETTERS[(six & 63) as usize]);
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let all = at(0) << 16 | at(1) << 8 | at(2);
        text.push(letter(all >> 18));
        text.push(letter(all >> 12));
        text.push(if group.len() > 1 { letter(all >> 6) } else { '=' });
        text.push(if group.len() > 2 { letter(all) } else { '=' });
    }
    text
}

/// Padding may be left out. Bits that belong to no byte must be zero, so that no two texts mean the same by accident.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let sixes: Vec<u32> = text.bytes().map(|byte| LETTERS.iter().position(|letter| *letter == byte).map(|six| six as u32)).collect::<Option<_>>()?;
    let mut bytes = vec![];
    for group in sixes.chunks(4) {
        let all = group.iter().enumerate().fold(0, |all, (place, six)| all | six << (18 - 6 * place));
        let count = match group.len() {
            4 => 3,
            3 if all & 0xFF == 0 => 2,
            2 if all & 0xFFFF == 0 => 1,
            _ => return None,
        };
        bytes.extend_from_slice(&all.to_be_bytes()[1..=count]);
    }
    Some(bytes)
}
