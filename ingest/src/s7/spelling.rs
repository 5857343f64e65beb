//! The spellings of an address that people bring along: `DB1.DBD4:REAL`, `DB1.R4`, `DB1,R4`, `%DB1:4.0:BOOL`, `MW20`, `E0.1`, `DB2.S1.32`.

use super::{
    address::{Address, Area, BadAddress, shortened},
    value::ValueType,
};

/// `[%]area[separator][what]byte[.bit or length][:type]`. `beside` is a type that is given apart from the address.
pub(super) fn parse(text: &str, beside: Option<ValueType>) -> Result<Address, BadAddress> {
    let upper = text.trim().to_ascii_uppercase();
    let bare = upper.strip_prefix('%').unwrap_or(&upper);
    let (area, rest) = split_area(text, bare)?;
    let (rest, suffix) = match rest.split_once(':') {
        Some((rest, kind)) => (rest, Some(kind.parse().map_err(|cause| BadAddress::BadType { text: shortened(text), cause })?)),
        None => (rest, None),
    };
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, numbers) = rest.split_at_checked(letters).unwrap_or_default();
    let (byte, after_dot) = match numbers.split_once('.') {
        Some((byte, after)) => (byte, Some(number(after).ok_or_else(|| BadAddress::BadBit(shortened(text)))?)),
        None => (numbers, None),
    };
    let byte = byte_number(text, byte)?;
    let what = What::named(text, area, word, after_dot)?;
    let kind = agreed(text, &what, suffix, beside, after_dot)?;
    let bit = if what.takes_length() { None } else { after_dot.map(|bit| u8::try_from(bit).unwrap_or(u8::MAX)) };
    what.holds(text, area, byte, kind)?;
    Address::checked(text, area, byte, bit, kind)
}

/// What stands before the number: a width, or a type.
enum What {
    Nothing,
    Width(char),
    Type(ValueType),
}

impl What {
    fn named(text: &str, area: Area, word: &str, after_dot: Option<u32>) -> Result<Self, BadAddress> {
        let width = match area {
            Area::Block(_) => word.strip_prefix("DB").filter(|rest| rest.len() == 1).unwrap_or(word),
            _ => word,
        };
        Ok(match width {
            "" => Self::Nothing,
            "X" | "B" | "W" | "D" | "L" => Self::Width(width.chars().next().unwrap_or('B')),
            "C" => Self::Type(ValueType::Char),
            "I" => Self::Type(ValueType::Int),
            "DW" => Self::Type(ValueType::Dword),
            "DI" => Self::Type(ValueType::Dint),
            "R" => Self::Type(ValueType::Real),
            "LW" => Self::Type(ValueType::Lword),
            "LI" => Self::Type(ValueType::Lint),
            "ULI" => Self::Type(ValueType::Lword),
            "LR" => Self::Type(ValueType::Lreal),
            "S" | "STRING" => {
                let room = after_dot.and_then(|length| u8::try_from(length).ok()).filter(|room| (1..=254).contains(room));
                Self::Type(ValueType::String(room.ok_or_else(|| BadAddress::NeedsLength(shortened(text)))?))
            }
            name => Self::Type(name.parse().map_err(|_unknown| BadAddress::Unknown(shortened(text)))?),
        })
    }
    /// Whether the number after the dot is the length of a string.
    fn takes_length(&self) -> bool {
        matches!(self, Self::Type(ValueType::String(_)))
    }
    /// What goes without saying.
    fn silent(&self) -> Option<ValueType> {
        match self {
            Self::Nothing => None,
            Self::Width('X') => Some(ValueType::Bool),
            Self::Width('W') => Some(ValueType::Word),
            Self::Width('D') => Some(ValueType::Dword),
            Self::Width('L') => Some(ValueType::Lword),
            Self::Width(_) => Some(ValueType::Byte),
            Self::Type(kind) => Some(*kind),
        }
    }
    fn holds(&self, text: &str, area: Area, byte: u32, kind: ValueType) -> Result<(), BadAddress> {
        let Self::Width(letter) = *self else { return Ok(()) };
        if kind.letter() == letter {
            return Ok(());
        }
        let width = match letter {
            'X' => "one bit",
            'B' => "one byte",
            'W' => "two bytes",
            'D' => "four bytes",
            _ => "eight bytes",
        };
        let bit = (kind == ValueType::Bool).then_some(0);
        let instead = Address::checked(text, area, byte, bit, kind)?.to_string();
        Err(BadAddress::OtherWidth { text: shortened(text), letter, width, kind, instead })
    }
}

/// The one type of all that were given: before the number, after the last `:`, and beside the address.
fn agreed(text: &str, what: &What, suffix: Option<ValueType>, beside: Option<ValueType>, dot: Option<u32>) -> Result<ValueType, BadAddress> {
    let spelled = if let What::Type(kind) = what { Some(*kind) } else { None };
    let mut said = None;
    for kind in [spelled, suffix, beside].into_iter().flatten() {
        match said {
            Some(said) if said != kind => return Err(BadAddress::Disagree { text: shortened(text), said, also: kind }),
            _ => said = Some(kind),
        }
    }
    // `M2.1` can only be a bit.
    let bare_bit = dot.map(|_bit| ValueType::Bool);
    said.or_else(|| what.silent()).or(bare_bit).ok_or_else(|| BadAddress::NeedsType(shortened(text)))
}

/// The area, and what follows it and its separator.
fn split_area<'a>(text: &str, bare: &'a str) -> Result<(Area, &'a str), BadAddress> {
    if let Some(rest) = bare.strip_prefix("DB") {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (block, rest) = rest.split_at_checked(digits).unwrap_or_default();
        let rest = rest.strip_prefix(['.', ',', ':']).ok_or_else(|| BadAddress::Unknown(shortened(text)))?;
        let block = number(block).and_then(|block| u16::try_from(block).ok()).ok_or_else(|| BadAddress::BadBlock(shortened(text)))?;
        return Ok((Area::Block(block), rest));
    }
    // Longest first. The periphery (PIW, PQW) is read from the process image; E and A are the German letters.
    let names = [
        ("MK", Area::Memory),
        ("M", Area::Memory),
        ("PI", Area::Input),
        ("PE", Area::Input),
        ("I", Area::Input),
        ("E", Area::Input),
        ("PQ", Area::Output),
        ("PA", Area::Output),
        ("Q", Area::Output),
        ("A", Area::Output),
    ];
    let found = names.iter().find_map(|(name, area)| Some((*area, bare.strip_prefix(name)?)));
    let (area, rest) = found.ok_or_else(|| BadAddress::Unknown(shortened(text)))?;
    Ok((area, rest.strip_prefix(['.', ',', ':']).unwrap_or(rest)))
}

/// Digits only: `+1`, ` 1` and an empty text are no numbers here.
fn number(text: &str) -> Option<u32> {
    let only_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if only_digits { text.parse().ok() } else { None }
}

fn byte_number(text: &str, byte: &str) -> Result<u32, BadAddress> {
    if byte.is_empty() || !byte.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadAddress::Unknown(shortened(text)));
    }
    number(byte).filter(|byte| *byte < 1 << 16).ok_or_else(|| BadAddress::PastTheEnd(shortened(text)))
}

#[cfg(test)]
mod tests {
    use super::super::{
        address::parse_address,
        value::{NUMBERS, ValueType},
    };
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_one_real_is_one_address() {
        for spelling in [
            "DB1.DBD4:REAL",
            "%DB1.DBD4:REAL",
            "db1.dbd4:real",
            "DB1.REAL4",
            "DB1.R4",
            "DB1,R4",
            "DB1,REAL4",
            "DB1:4:REAL",
            "DB1.D4:REAL",
            " DB1.DBD4:REAL ",
        ] {
            assert_eq!(parse(spelling, None).unwrap().to_string(), "DB1.DBD4:REAL", "{spelling}");
        }
        assert_eq!(parse("DB1.DBD4", Some(ValueType::Real)).unwrap().to_string(), "DB1.DBD4:REAL");
        assert_eq!(parse("DB1:4", Some(ValueType::Real)).unwrap().to_string(), "DB1.DBD4:REAL");
    }

    #[test]
    fn every_area_and_width_has_its_spellings() {
        let pairs = [
            ("DB1.DBX2.1", "DB1.DBX2.1:BOOL"),
            ("DB1.X2.1", "DB1.DBX2.1:BOOL"),
            ("DB1,X2.1", "DB1.DBX2.1:BOOL"),
            ("%DB1:4.0:BOOL", "DB1.DBX4.0:BOOL"),
            ("DB1.BOOL2.1", "DB1.DBX2.1:BOOL"),
            ("DB2.S1.32", "DB2.DBB1:STRING[32]"),
            ("DB2.STRING1.32", "DB2.DBB1:STRING[32]"),
            ("DB2.DBB1:STRING(32)", "DB2.DBB1:STRING[32]"),
            ("DB2:1:STRING[32]", "DB2.DBB1:STRING[32]"),
            ("DB1.DBB3", "DB1.DBB3:BYTE"),
            ("DB1.B3:USINT", "DB1.DBB3:BYTE"),
            ("DB1.C3", "DB1.DBB3:CHAR"),
            ("DB1.DBW4", "DB1.DBW4:WORD"),
            ("DB1.I4", "DB1.DBW4:INT"),
            ("DB1.DW20", "DB1.DBD20:DWORD"),
            ("DB3.DI270", "DB3.DBD270:DINT"),
            ("DB1.LR8", "DB1.DBL8:LREAL"),
            ("DB1.LINT8", "DB1.DBL8:LINT"),
            ("DB1.DBL8", "DB1.DBL8:LWORD"),
            ("MW20", "MW20:WORD"),
            ("MW20:INT", "MW20:INT"),
            ("%MW20:INT", "MW20:INT"),
            ("MK.W20", "MW20:WORD"),
            ("M2.1", "M2.1:BOOL"),
            ("MX2.1", "M2.1:BOOL"),
            ("MD4:REAL", "MD4:REAL"),
            ("MR4", "MD4:REAL"),
            ("IW0", "IW0:WORD"),
            ("PIW0:INT", "IW0:INT"),
            ("PE.W0", "IW0:WORD"),
            ("PEW256", "IW256:WORD"),
            ("EW0", "IW0:WORD"),
            ("I0.1", "I0.1:BOOL"),
            ("E0.1", "I0.1:BOOL"),
            ("QB3", "QB3:BYTE"),
            ("Q0.1", "Q0.1:BOOL"),
            ("A0.1", "Q0.1:BOOL"),
            ("PQW4", "QW4:WORD"),
        ];
        for (spelling, canonical) in pairs {
            assert_eq!(parse(spelling, None).unwrap().to_string(), canonical, "{spelling}");
        }
    }

    #[test]
    fn an_address_whose_width_does_not_hold_its_type_is_told_what_to_write() {
        for (text, instead) in [
            ("DB1.DBD4:BOOL", "DB1.DBX4.0:BOOL"),
            ("DB1.DBW4:REAL", "DB1.DBD4:REAL"),
            ("MD4:INT", "MW4:INT"),
            ("DB1.DBX8.0:LREAL", "DB1.DBL8:LREAL"),
            ("DB1.DBD4.1:REAL", "DB1.DBD4:REAL"),
            ("DB1.R4.1", "DB1.DBD4:REAL"),
        ] {
            let refused = parse(text, None).unwrap_err().to_string();
            assert!(refused.contains(&format!("write {instead}")), "{text}: {refused}");
        }
    }

    #[test]
    fn an_impossible_address_is_refused() {
        let impossible = [
            "",
            "%",
            "DB",
            "DB1",
            "DB1.",
            "DB0.DBD4:REAL",
            "DB65536.DBD4",
            "DB1.DBX2",
            "DB1.DBX2.8",
            "DB1.DBX2.1.1",
            "DB1.DBD65533",
            "DB1.DBB65536",
            "DB1:4",
            "M4",
            "DB1.S1",
            "DB1.S1.0",
            "DB1.S1.255",
            "DB1.DBD4:furlong",
            "DB1.DBD-4",
            "DB1.DBD+4",
            "DB1.DBDBD4",
            "C1",
            "T1",
            "DB1.DT4",
            "40001",
            "½",
            "DB½.DBD4",
            "DB1.DBD½",
            "MW99999999999",
            "DB1.DBW4:",
            "DB1.REAL4:DINT",
            "%%MW0",
            "DBD4",
        ];
        for text in impossible {
            assert!(parse(text, None).is_err(), "{text}");
        }
        assert!(matches!(parse("MD4:REAL", Some(ValueType::Dint)), Err(BadAddress::Disagree { .. })));
    }

    fn any_address() -> impl Strategy<Value = Address> {
        let kind =
            prop_oneof![(0usize..NUMBERS.len()).prop_map(|kind| NUMBERS[kind]), (1u8..=254).prop_map(ValueType::String), Just(ValueType::Char)];
        (0usize..4, any::<u16>(), 0u32..65_536, 0u8..8, kind).prop_filter_map("inside its area", |(area, block, byte, bit, kind)| {
            let area = [Area::Block(block), Area::Memory, Area::Input, Area::Output][area];
            Address::checked("", area, byte, (kind == ValueType::Bool).then_some(bit), kind).ok()
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
