//! What Modbus devices and the people who write their addresses may send.

use crate::targets::{Target, owned};
use crate::wire::{session, talk};
use millwright_ingest::modbus::address::parse_address;
use serde_json::json;

pub const TARGETS: &[Target] = &[
    Target { name: "address", run: address, seeds: address_seeds },
    Target { name: "modbus_tcp", run: modbus_tcp, seeds: modbus_tcp_seeds },
    Target { name: "modbus_rtu", run: modbus_rtu, seeds: modbus_rtu_seeds },
];

fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = parse_address(text) {
        let canonical = address.to_string();
        assert_eq!(parse_address(&canonical), Ok(address), "{text:?} became {canonical:?}, which means something else");
    }
}
fn address_seeds() -> Vec<Vec<u8>> {
    owned(&["hr:0", "holding:12:f32", "4x00001", "40001", "400001", "1!400001", "coil:7", "di:3", "ir:65534:u32", "3!hr:10.5:bool", "10001"])
}

fn modbus_tcp(bytes: &[u8]) {
    talk(bytes, json!({ "protocol": "modbus_tcp" }), json!({ "address": "hr:0:f32" }));
}
fn modbus_tcp_seeds() -> Vec<Vec<u8>> {
    session(include_str!("../../../ingest/tests/frames/modbus_tcp.hex"))
}

fn modbus_rtu(bytes: &[u8]) {
    talk(bytes, json!({ "protocol": "modbus_rtu" }), json!({ "address": "hr:0:f32" }));
}
fn modbus_rtu_seeds() -> Vec<Vec<u8>> {
    session(include_str!("../../../ingest/tests/frames/modbus_rtu.hex"))
}
