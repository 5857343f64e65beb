//! What Siemens controllers and the people who write their addresses may send.

use crate::{
    targets::{Target, owned},
    wire::{session, talk},
};
use millwright_ingest::s7;
use serde_json::json;

pub const TARGETS: &[Target] = &[
    Target { name: "s7_address", run: s7_address, seeds: s7_address_seeds },
    Target { name: "s7_frame", run: s7_frame, seeds: s7_frame_seeds },
    Target { name: "s7_value", run: s7_value, seeds: s7_value_seeds },
    Target { name: "s7", run: s7_wire, seeds: s7_wire_seeds },
];

fn s7_wire(bytes: &[u8]) {
    talk(bytes, json!({ "protocol": "s7" }), json!({ "address": "DB1.DBD0:REAL" }));
}
fn s7_wire_seeds() -> Vec<Vec<u8>> {
    session(include_str!("../../../ingest/tests/frames/s7.hex"))
}

fn s7_address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = s7::address::parse_address(text) {
        let canonical = address.to_string();
        assert_eq!(s7::address::parse_address(&canonical), Ok(address), "{text:?} became {canonical:?}, which means something else");
    }
}
fn s7_address_seeds() -> Vec<Vec<u8>> {
    owned(&["DB1.DBD4:REAL", "DB1,R4", "%DB1:4.0:BOOL", "DB1.DBX2.1", "MW20:INT", "PIW256", "E0.1", "DB2.S1.32", "DB2.DBB1:STRING[32]", "QB3"])
}

/// The first byte is the length of a question; what follows it is an answer.
fn s7_frame(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first() else { return };
    let (asked, answered) = rest.split_at(usize::from(*length).min(rest.len()));
    if let Some(question) = s7::frame::Question::of(asked)
        && question.is_answered_by(answered).is_ok()
        && let s7::frame::Question::Read { lengths, .. } = question
    {
        let refused_whole = answered.get(17..19) != Some(&[0, 0]);
        let refused_each = answered.len() >= 21 + 4 * lengths.len();
        assert!(refused_whole || refused_each, "an answer that passes has all that was asked for");
    }
}
fn s7_frame_seeds() -> Vec<Vec<u8>> {
    let asked = [3, 0, 0, 31, 2, 0xF0, 0x80, 0x32, 1, 0, 0, 0, 7, 0, 14, 0, 0, 4, 1, 0x12, 0x0A, 0x10, 2, 0, 2, 0, 1, 0x84, 0, 0, 0];
    let good = [3, 0, 0, 27, 2, 0xF0, 0x80, 0x32, 3, 0, 0, 0, 7, 0, 2, 0, 6, 0, 0, 4, 1, 0xFF, 4, 0, 16, 0, 77];
    let refused = [3, 0, 0, 25, 2, 0xF0, 0x80, 0x32, 3, 0, 0, 0, 7, 0, 2, 0, 4, 0, 0, 4, 1, 0x0A, 0, 0, 0];
    vec![[&[31][..], &asked, &good].concat(), [&[31][..], &asked, &refused].concat()]
}

/// The first byte is the type, the second a bit or a length, the rest what the device holds.
fn s7_value(bytes: &[u8]) {
    use s7::value::{NUMBERS, ValueType, decode};
    let [kind, more, held @ ..] = bytes else { return };
    let kind = NUMBERS.get(usize::from(*kind)).copied().unwrap_or(ValueType::String((*more).clamp(1, 254)));
    if decode(kind, *more, held).is_ok() {
        assert_eq!(held.len(), usize::from(kind.width()), "a value has exactly the bytes of its type");
    }
}
fn s7_value_seeds() -> Vec<Vec<u8>> {
    vec![[&[7, 0][..], &1480.0f32.to_be_bytes()].concat(), b"\x63\x08\x08\x03RUN\0\0\0\0\0".to_vec(), vec![0, 3, 8]]
}
