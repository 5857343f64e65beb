//! Between an answer about a tag and a point's value. Pure.

use super::{
    Pick, Tag,
    cip::Reply,
    value::{self, Code, TagType},
};
use crate::protocol::{Answer, Raw, Refusal, Value};

/// The point's value, if the answer holds exactly one of the configured type.
pub(super) fn answer(tag: &Tag, reply: &Reply) -> Answer {
    if !reply.status.is_good() {
        return Err(reply.status.refusal());
    }
    let (code, bytes) = Code::split(&reply.data).ok_or_else(|| Refusal::Address("the answer is too short to hold a value".into()))?;
    let raw = match tag.pick {
        Pick::Whole => whole(tag, code, bytes)?,
        Pick::Bit(bit) => Raw::Number(bit_of(tag, code, bytes, bit)?),
        Pick::Packed(bit) if code == Code::Plain(TagType::Dword) => Raw::Number(bit_of(tag, code, bytes, bit)?),
        Pick::Packed(_) => return Err(other_type(code, "an element of an array of BOOL")),
    };
    Ok(Value::good(raw))
}

fn whole(tag: &Tag, code: Code, bytes: &[u8]) -> Result<Raw, Refusal> {
    match (tag.address.kind(), code.kind()) {
        (Some(wanted), Some(kind)) if wanted == kind => {}
        (Some(TagType::String), None) => {
            return Err(Refusal::Address(format!("the tag is {code}, but configured as STRING; only Logix' own STRING is read")));
        }
        (Some(wanted), _) => return Err(other_type(code, wanted.as_str())),
        (None, None) => return Err(Refusal::Address(format!("the tag is {code}; name one of its members"))),
        (None, Some(TagType::Dword)) if tag.packs_bools => {
            return Err(Refusal::Address("the tag is an array of BOOL; name one element with its type, as in Tag[3]:BOOL".into()));
        }
        (None, Some(_)) => {}
    }
    code.decode(bytes).ok_or_else(|| Refusal::Address(format!("the answer is not as long as one {code}; if the tag is an array, name an element")))
}

fn bit_of(tag: &Tag, code: Code, bytes: &[u8], bit: u8) -> Result<f64, Refusal> {
    let kind = code.kind().filter(|kind| kind.is_whole()).ok_or_else(|| other_type(code, "a whole number with bits"))?;
    if usize::from(bit) >= kind.width() * 8 {
        return Err(Refusal::Address(format!("the tag is {kind}, which has no bit {bit}; correct {}", tag.address)));
    }
    let bits = value::bits(kind, bytes).ok_or_else(|| Refusal::Address(format!("the answer is not as long as one {kind}")))?;
    Ok((bits >> bit & 1) as f64)
}

fn other_type(code: Code, wanted: &str) -> Refusal {
    Refusal::Address(format!("the tag is {code} on the device, but configured as {wanted}; correct the type"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ethernet_ip::{config::Style, status::Status};
    use millwright_domain::reading::Quality;

    fn read(address: &str, data: &[u8]) -> Answer {
        let reply = Reply { status: Status { general: 0, further: None }, on_the_way: false, data: data.to_vec() };
        answer(&Tag::at(address.parse().unwrap(), Style::Logix), &reply)
    }
    fn refused(address: &str, data: &[u8]) -> String {
        let refusal = read(address, data).unwrap_err();
        assert_eq!(refusal.quality(), Quality::BadConfiguration);
        refusal.to_string()
    }

    const MINUS_TWO: [u8; 6] = [0xC4, 0, 0xFE, 0xFF, 0xFF, 0xFF];

    #[test]
    fn a_tag_is_read_as_what_it_is_and_as_nothing_else_than_configured() {
        assert_eq!(read("Tag", &MINUS_TWO), Ok(Value::number(-2.0)));
        assert_eq!(read("Tag:DINT", &MINUS_TWO), Ok(Value::number(-2.0)));
        let why = refused("Tag:REAL", &MINUS_TWO);
        assert!(why.contains("DINT on the device") && why.contains("configured as REAL"), "{why}");
    }

    #[test]
    fn a_bit_of_a_whole_number_is_a_state() {
        assert_eq!(read("Tag.0", &MINUS_TWO), Ok(Value::number(0.0)));
        assert_eq!(read("Tag.31", &MINUS_TWO), Ok(Value::number(1.0)));
        assert!(refused("Tag.32", &MINUS_TWO).contains("no bit 32"));
        assert!(refused("Tag.3", &[0xCA, 0, 0, 0, 0, 0]).contains("REAL"));
    }

    #[test]
    fn an_element_of_packed_bools_is_one_bit_of_their_word() {
        let word = [0xD3, 0, 0, 0x01, 0, 0];
        assert_eq!(read("Flags[40]:BOOL", &word), Ok(Value::number(1.0)));
        assert_eq!(read("Flags[41]:BOOL", &word), Ok(Value::number(0.0)));
        assert_eq!(read("Flags[1]:DWORD", &word), Ok(Value::number(256.0)));
        assert!(refused("Flags[40]", &word).contains("Tag[3]:BOOL"));
        assert!(refused("Flags[40]:BOOL", &MINUS_TWO).contains("array of BOOL"));
    }

    #[test]
    fn a_structure_or_a_short_answer_is_no_value() {
        assert!(refused("Tag", &[0xA0, 2, 0x34, 0x12, 0, 0]).contains("name one of its members"));
        assert!(refused("Tag:STRING", &[0xA0, 2, 0x34, 0x12, 0, 0]).contains("handle 0x1234"));
        assert!(refused("Tag", &[0xC4]).contains("too short"));
        assert!(refused("Tag", &[0xC4, 0, 1]).contains("not as long"));
    }
}
