//! OPC UA against an asyncua server.

use crate::{
    bench::{Bench, Places},
    contract,
    peer::Peer,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};

struct OpcUa(Peer);

/// How a WriteRequest begins: its number in the protocol's own namespace, 673.
const WRITE: [u8; 4] = [1, 0, 0xA1, 0x02];
/// Before it stand the frame's header, channel, token, sequence number and request number.
const BODY: usize = 24;

impl Bench for OpcUa {
    const NAME: &'static str = "opc_ua";
    const TOLD: bool = true;

    fn start(python: &Path, port: u16) -> Self {
        Self(Peer::script(python, "opcua_machine.py", port, &[]))
    }
    fn device(at: SocketAddr) -> Value {
        json!({ "protocol": "opc_ua", "address": format!("opc.tcp://{at}/plc/") })
    }
    fn places() -> Places {
        let at = |name: &str| json!({ "address": format!("nsu=urn:test:plc;s={name}") });
        Places {
            speed: at("Speed"),
            seq: at("Seq"),
            complement: at("Complement"),
            twenty: at("Twenty"),
            absent: at("Absent"),
            wrong: Some(json!({ "address": "ns=2;s=Int32", "type": "Double" })),
            set: at("Set"),
            stubborn: at("Stubborn"),
        }
    }
    fn is_write(question: &[u8]) -> bool {
        let mut rest = question;
        while let Some(&[a, b, c, d]) = rest.get(4..8) {
            if rest.get(BODY..BODY + WRITE.len()) == Some(WRITE.as_slice()) {
                return true;
            }
            let length = u32::from_le_bytes([a, b, c, d]) as usize;
            rest = rest.get(length.max(8)..).unwrap_or_default();
        }
        false
    }
    fn writes(&mut self) -> Vec<f64> {
        self.0.values_written()
    }
}

contract!(OpcUa);
