//! What brokers, machines and edge nodes behind them, and the people who write their addresses may send.

use crate::{
    targets::{Target, owned},
    wire::{session, talk},
};
use millwright_ingest::{
    mqtt::{
        address::{Address, Pointer},
        payload::{Kind, Payload},
    },
    protocol::Raw,
    sparkplug::{self, trial::Trial},
};
use serde_json::json;

pub const TARGETS: &[Target] = &[
    Target { name: "mqtt", run: mqtt, seeds: mqtt_seeds },
    Target { name: "mqtt_address", run: mqtt_address, seeds: mqtt_address_seeds },
    Target { name: "mqtt_payload", run: mqtt_payload, seeds: mqtt_payload_seeds },
    Target { name: "sparkplug", run: sparkplug, seeds: sparkplug_seeds },
    Target { name: "sparkplug_wire", run: sparkplug_wire, seeds: sparkplug_wire_seeds },
    Target { name: "sparkplug_address", run: sparkplug_address, seeds: sparkplug_address_seeds },
];

fn mqtt(bytes: &[u8]) {
    talk(bytes, json!({ "protocol": "mqtt", "keep_alive_s": 1 }), json!({ "address": "plant/pump-1/speed" }));
}
fn mqtt_seeds() -> Vec<Vec<u8>> {
    session(include_str!("../../../ingest/tests/frames/mqtt.hex"))
}

fn mqtt_address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = text.parse::<Address>() {
        let canonical = address.to_string();
        assert_eq!(canonical.parse(), Ok(address), "{text:?} became {canonical:?}, which means something else");
    }
}
fn mqtt_address_seeds() -> Vec<Vec<u8>> {
    owned(&["plant/a", "plant/a#/v/0", "plant/a# > b", "a#/x~1y > b/set#/value", "plant/+/a", "$SYS/broker/uptime", "a/#"])
}

/// The first byte is the type that is configured.
fn mqtt_payload(bytes: &[u8]) {
    let Some((kind, payload)) = bytes.split_first() else { return };
    let kind = [None, Some(Kind::Number), Some(Kind::Bool), Some(Kind::Text)][usize::from(*kind) % 4];
    let payload = Payload::read(payload);
    for pointer in ["", "/v", "/v/0", "/ts"] {
        let pointer: Option<Pointer> = pointer.parse().ok();
        match payload.answer(pointer.as_ref(), kind).map(|value| value.raw) {
            Ok(Raw::Number(number)) => assert!(number.is_finite()),
            Ok(Raw::Text(text)) => assert!(text.len() <= 256),
            Err(_refused) => {}
        }
        let time = pointer.and_then(|pointer| payload.time(&pointer));
        assert!(time.is_none_or(|time| time.micros() > 0));
    }
}
fn mqtt_payload_seeds() -> Vec<Vec<u8>> {
    owned(&["\0{\"v\":1480.5,\"ts\":1700000000000}", "\u{1}12", "\u{2}{\"v\":[true]}", "\u{3}RUN", "\0{\"v\":\"7\",\"ts\":\"2023-11-14T22:13:20Z\"}"])
}

/// Births as pysparkplug writes them: the node's own `b`, an Int32 with alias 1, and the device's `a`, a Float with alias 7.
const NODE_BIRTH: &str = "0880d095ffbc3112120a0562645365711880d095ffbc312004580312140a016210011880d095ffbc31200350f4ffffff0f1800";
const DEVICE_BIRTH: &str = "0880d095ffbc3112130a016110071880d095ffbc312009650000c03f1801";
const DEVICE_DATA: &str = "0880d095ffbc31120e10071880d095ffbc3165000020401802";
const NODE_DATA: &str = "0880d095ffbc31121110011880d095ffbc31280150f3ffffff0f1802";
const NODE_DEATH: &str = "0880d095ffbc3112120a0562645365711880d095ffbc3120045803";

const TOPICS: [&str; 6] =
    ["spBv1.0/g/NBIRTH/n", "spBv1.0/g/DBIRTH/n/d", "spBv1.0/g/DDATA/n/d", "spBv1.0/g/NDATA/n", "spBv1.0/g/NDEATH/n", "spBv1.0/g/DDEATH/n/d"];

/// After the births, messages: each begins with the number of its topic and its length.
fn sparkplug(bytes: &[u8]) {
    let mut trial = Trial::default();
    let mut rest = [&message(0, NODE_BIRTH)[..], &message(1, DEVICE_BIRTH), bytes].concat();
    while let [topic, length, after @ ..] = &rest[..] {
        let (payload, after) = after.split_at(usize::from(*length).min(after.len()));
        let topic = TOPICS[usize::from(*topic) % TOPICS.len()];
        for (point, answer) in trial.hear(topic, payload) {
            match answer.map(|value| value.raw) {
                Ok(Raw::Number(number)) if point == 1 => assert!(number.fract() == 0.0 && number.abs() <= 2_147_483_648.0, "an Int32 is one"),
                Ok(Raw::Number(number)) => assert!(number.is_finite()),
                Ok(Raw::Text(text)) => assert!(text.len() <= 256),
                Err(_refused) => {}
            }
        }
        rest = after.to_vec();
    }
}
fn message(topic: u8, hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let bytes = digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok());
    let payload: Vec<u8> = bytes.collect();
    [&[topic, u8::try_from(payload.len()).unwrap_or(u8::MAX)][..], &payload].concat()
}
fn sparkplug_seeds() -> Vec<Vec<u8>> {
    let told = [message(2, DEVICE_DATA), message(3, NODE_DATA)].concat();
    let born_again = [message(4, NODE_DEATH), message(0, NODE_BIRTH), message(1, DEVICE_BIRTH), message(2, DEVICE_DATA)].concat();
    vec![told, born_again, message(2, DEVICE_DATA)]
}

fn sparkplug_wire(bytes: &[u8]) {
    let node = json!({ "protocol": "sparkplug", "keep_alive_s": 2, "group": "plant", "node": "gw-1" });
    talk(bytes, node, json!({ "address": "pump:Speed" }));
}
fn sparkplug_wire_seeds() -> Vec<Vec<u8>> {
    session(include_str!("../../../ingest/tests/frames/sparkplug.hex"))
}

fn sparkplug_address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let node = sparkplug::address::Node { group: "g".into(), name: "n".into() };
    if let Ok(address) = node.address(text) {
        let canonical = address.to_string();
        assert_eq!(node.address(&canonical), Ok(address), "{text:?} became {canonical:?}, which means something else");
    }
}
fn sparkplug_address_seeds() -> Vec<Vec<u8>> {
    owned(&["pump:Motor/Speed", ":Uptime", "n/pump:a:b", "g/n/pump/Motor/Speed", "g/n/:x", "Motor/Speed", "g/m/pump:x"])
}
