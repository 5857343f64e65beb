//! What OPC UA servers and the people who write their node ids may send.

use crate::{
    targets::{Target, owned},
    wire::{session, talk},
};
use millwright_ingest::opc_ua::address::parse_address as parse_node_id;
use serde_json::json;

pub const TARGETS: &[Target] =
    &[Target { name: "node_id", run: node_id, seeds: node_id_seeds }, Target { name: "opc_ua", run: opc_ua, seeds: opc_ua_seeds }];

fn opc_ua(bytes: &[u8]) {
    talk(bytes, json!({ "protocol": "opc_ua", "address": "opc.tcp://{}/plc/" }), json!({ "address": "nsu=urn:test:plc;s=Speed" }));
}
fn opc_ua_seeds() -> Vec<Vec<u8>> {
    session(include_str!("../../../ingest/tests/frames/opc_ua.hex"))
}

fn node_id(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = parse_node_id(text) {
        let canonical = address.to_string();
        assert_eq!(parse_node_id(&canonical), Ok(address), "{text:?} became {canonical:?}, which means something else");
    }
}
fn node_id_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "ns=2;s=Motor1.Speed",
        "i=2258",
        "nsu=http://a/b%3Bc%25;i=1001",
        "ns=2;index=3;s=\"DB1\".\"values\"[3]",
        "ns=2;g=09087e75-8e5e-499b-954f-f2a9603db28a",
        "ns=2;b=M/RbKBsRVkePCePcx24oRA==",
    ])
}
