//! The spellings of an address that people bring along: `hr:0`, `4x00001`, `400001`, `40001`, `1!400001.3:bool`.

use super::address::{Address, BadAddress, Table, shortened};

/// `[unit!]place[.bit][:type]`, where the place is `table:N` from 0 or a Modicon number from 1.
pub(super) fn parse(text: &str) -> Result<Address, BadAddress> {
    let trimmed = text.trim();
    let (unit, rest) = match trimmed.split_once('!') {
        Some((unit, rest)) => (Some(number(unit).ok_or_else(|| BadAddress::BadUnit { text: shortened(text) })?), rest),
        None => (None, trimmed),
    };
    let (table, place) = split_table(text, rest)?;
    let (place, kind) = match place.split_once(':') {
        Some((place, kind)) => {
            let kind = kind.parse().map_err(|cause| BadAddress::BadType { text: shortened(text), cause })?;
            (place, Some(kind))
        }
        None => (place, None),
    };
    let (place, bit) = match place.split_once('.') {
        Some((place, bit)) => (place, Some(number(bit).ok_or_else(|| BadAddress::BadBit { text: shortened(text) })?)),
        None => (place, None),
    };
    let (table, offset) = match table {
        Counted::FromZero(table) => (table, from_zero(text, place)?),
        Counted::FromOne(table) => (table, from_one(text, place)?),
        Counted::ByFirstDigit => by_first_digit(text, place)?,
    };
    Address::checked(text, unit, table, offset, bit, kind)
}

enum Counted {
    FromZero(Table),
    FromOne(Table),
    ByFirstDigit,
}

/// What stands before the number, and the rest.
fn split_table<'a>(text: &str, rest: &'a str) -> Result<(Counted, &'a str), BadAddress> {
    let begins_with_digit = rest.starts_with(|c: char| c.is_ascii_digit());
    if begins_with_digit {
        let mut letters = rest.char_indices();
        let first = letters.next().map(|(_, digit)| digit);
        let second = letters.next();
        return match second {
            Some((at, 'x' | 'X')) => {
                let table = first.and_then(modicon_table).ok_or_else(|| BadAddress::Unknown(shortened(text)))?;
                Ok((Counted::FromOne(table), rest.get(at + 1..).unwrap_or_default()))
            }
            _ => Ok((Counted::ByFirstDigit, rest)),
        };
    }
    let (word, place) = rest.split_once(':').ok_or_else(|| BadAddress::Unknown(shortened(text)))?;
    let table = match word.to_ascii_lowercase().as_str() {
        "hr" | "holding" => Table::Holding,
        "ir" | "input" => Table::Input,
        "co" | "coil" => Table::Coil,
        "di" | "discrete" => Table::Discrete,
        // Other tools count these from 1, so taking them at their word would read the neighbour.
        "holding-register" | "input-register" | "discrete-input" => return Err(BadAddress::Ambiguous(shortened(text))),
        _ => return Err(BadAddress::Unknown(shortened(text))),
    };
    Ok((Counted::FromZero(table), place))
}

fn modicon_table(digit: char) -> Option<Table> {
    match digit {
        '0' => Some(Table::Coil),
        '1' => Some(Table::Discrete),
        '3' => Some(Table::Input),
        '4' => Some(Table::Holding),
        _ => None,
    }
}

/// Digits only: `+1`, ` 1` and an empty text are no numbers here.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let only_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if only_digits { text.parse().ok() } else { None }
}

fn from_zero(text: &str, place: &str) -> Result<u16, BadAddress> {
    let all_digits = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits {
        return Err(BadAddress::Unknown(shortened(text)));
    }
    number(place).ok_or_else(|| BadAddress::PastTheEnd(shortened(text)))
}

fn from_one(text: &str, place: &str) -> Result<u16, BadAddress> {
    if place.is_empty() || place.len() > 6 {
        return Err(BadAddress::Unknown(shortened(text)));
    }
    let counted: u32 = number(place).ok_or_else(|| BadAddress::Unknown(shortened(text)))?;
    let offset = counted.checked_sub(1).ok_or_else(|| BadAddress::CountsFromOne(shortened(text)))?;
    u16::try_from(offset).or(Err(BadAddress::PastTheEnd(shortened(text))))
}

/// `40001` and `400001`: the first digit names the table. Any other length could mean anything.
fn by_first_digit(text: &str, place: &str) -> Result<(Table, u16), BadAddress> {
    let table = place.chars().next().and_then(modicon_table);
    match (table, place.len()) {
        (Some(table), 5 | 6) => Ok((table, from_one(text, place.get(1..).unwrap_or_default())?)),
        _ if place.bytes().all(|byte| byte.is_ascii_digit()) => Err(BadAddress::Ambiguous(shortened(text))),
        _ => Err(BadAddress::Unknown(shortened(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{address::parse_address, value::ValueType};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_the_first_holding_register_is_holding_0() {
        for spelling in ["hr:0", "HR:0", "holding:0", "4x1", "4x00001", "4X000001", "40001", "400001", " holding:0 "] {
            assert_eq!(parse(spelling).unwrap().to_string(), "holding:0", "{spelling}");
        }
    }

    #[test]
    fn every_table_has_its_spellings() {
        let pairs = [
            ("ir:7", "input:7"),
            ("3x00008", "input:7"),
            ("30008", "input:7"),
            ("co:9", "coil:9"),
            ("0x10", "coil:9"),
            ("000010", "coil:9"),
            ("di:2", "discrete:2"),
            ("1x3", "discrete:2"),
            ("10003", "discrete:2"),
            ("1!400001.5", "1!holding:0.5"),
            ("17!hr:4:REAL", "17!holding:4:f32"),
            ("400001:dword", "holding:0:u32"),
            ("465536", "holding:65535"),
        ];
        for (spelling, canonical) in pairs {
            assert_eq!(parse(spelling).unwrap().to_string(), canonical, "{spelling}");
        }
    }

    #[test]
    fn an_impossible_address_is_refused_and_told_how_addresses_count() {
        let impossible = [
            "",
            "40",
            "40000",
            "4x0",
            "0",
            "20001",
            "2x1",
            "hr:",
            "hr:65536",
            "hr:-1",
            "hr:1.16",
            "coil:1.2",
            "coil:1:f32",
            "hr:65535:f32",
            "465537",
            "256!hr:0",
            "!hr:0",
            "hr:0:furlong",
            "hr:0:bool",
            "hr:0.1:f32",
            "holding-register:1",
            "hr:0x10",
            "½",
            "4½",
            "hr:1:f32:f32",
            "hr:1.2.3",
        ];
        for text in impossible {
            let refused = parse(text).unwrap_err().to_string();
            assert!(refused.contains("40001 = holding 0") || refused.contains("40001, which is holding 0"), "{text}: {refused}");
        }
    }

    fn any_address() -> impl Strategy<Value = Address> {
        let kinds = prop::option::of(0usize..9);
        (prop::option::of(any::<u8>()), 0usize..4, any::<u16>(), prop::option::of(0u8..16), kinds)
            .prop_filter_map("the parts agree", |(unit, table, offset, bit, kind)| {
                Address::checked("", unit, Table::ALL[table], offset, bit, kind.map(|kind| ValueType::ALL[kind])).ok()
            })
    }

    proptest! {
        #[test]
        fn an_address_reads_as_it_is_shown(address in any_address()) {
            prop_assert_eq!(parse_address(&address.to_string()), Ok(address));
        }
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,20}") {
            if let Ok(address) = parse_address(&text) {
                prop_assert_eq!(parse_address(&address.to_string()), Ok(address));
            }
        }
    }
}
