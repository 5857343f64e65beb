//! What Allen-Bradley controllers and the people who write their tags may send.

use crate::targets::{Target, owned};
use crate::wire::{session, talk};
use millwright_ingest::ethernet_ip::{
    address::parse_address as parse_tag,
    cip, frame,
    value::{Code, TagType},
};
use serde_json::json;

pub const TARGETS: &[Target] = &[
    Target { name: "tag", run: tag, seeds: tag_seeds },
    Target { name: "eip_frame", run: eip_frame, seeds: eip_frame_seeds },
    Target { name: "eip_answer", run: eip_answer, seeds: eip_answer_seeds },
    Target { name: "ethernet_ip", run: ethernet_ip, seeds: ethernet_ip_seeds },
];

fn ethernet_ip(bytes: &[u8]) {
    talk(bytes, json!({ "protocol": "ethernet_ip", "style": "micro800" }), json!({ "address": "speed" }));
}
fn ethernet_ip_seeds() -> Vec<Vec<u8>> {
    session(include_str!("../../../ingest/tests/frames/ethernet_ip_micro800.hex"))
}

fn tag(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(tag) = parse_tag(text) else { return };
    for tag in [Ok(tag.clone()), tag.with_type(TagType::Real)].into_iter().flatten() {
        let canonical = tag.to_string();
        assert_eq!(parse_tag(&canonical).as_ref().map(ToString::to_string), Ok(canonical), "{text:?} means something else again");
    }
}
fn tag_seeds() -> Vec<Vec<u8>> {
    owned(&["Motor_Speed", "Program:Main.Tag[1,2].Sub.3", "%Tag[3]:REAL:1", "Local:1:I.Data", "Tag:STRING", "Flags[40]:BOOL"])
}

fn eip_frame(bytes: &[u8]) {
    if let Ok(header) = frame::Header::parse(bytes) {
        assert!(header.length as usize <= usize::from(u16::MAX));
    }
    if let Ok(message) = frame::parse_unconnected(bytes) {
        assert!(message.len() < bytes.len(), "a message is shorter than what carries it");
    }
}
fn eip_frame_seeds() -> Vec<Vec<u8>> {
    let body = frame::unconnected(&[0xCC, 0, 0, 0, 0xC3, 0, 5, 0]).unwrap_or_default();
    vec![frame::question(frame::Command::SendRrData, 7, 9, &body).unwrap_or_default(), body]
}

/// The first byte is how many answers a packet should hold.
fn eip_answer(bytes: &[u8]) {
    let [count, bytes @ ..] = bytes else { return };
    let single = [cip::Asked::Read, cip::Asked::Write, cip::Asked::Several].map(|asked| cip::parse_reply(asked, bytes));
    let packet = cip::parse_several(bytes, usize::from(*count)).unwrap_or_default();
    for reply in single.into_iter().flatten().chain(packet) {
        assert!(reply.data.len() <= bytes.len());
        if let Some((code, value)) = Code::split(&reply.data) {
            drop(code.decode(value));
        }
    }
}
fn eip_answer_seeds() -> Vec<Vec<u8>> {
    let text = [&[1, 0xCC, 0, 0, 0, 0xA0, 2, 0xCE, 0x0F, 3, 0, 0, 0][..], b"RUN", &[0; 81]].concat();
    let packet = vec![2, 2, 0, 6, 0, 14, 0, 0xCC, 0, 0, 0, 0xC3, 0, 5, 0, 0xCC, 0, 4, 0];
    vec![text, packet, vec![1, 0xCC, 0, 0, 0, 0xDA, 0, 3, b'R', b'U', b'N'], vec![0, 0xD2, 0, 1, 1, 4, 2]]
}
