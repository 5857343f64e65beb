//! Modbus TCP against a pymodbus server.

use crate::{
    bench::{Bench, Places},
    contract,
    peer::Peer,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};

struct ModbusTcp(Peer);

impl Bench for ModbusTcp {
    const NAME: &'static str = "modbus_tcp";

    fn start(python: &Path, port: u16) -> Self {
        Self(Peer::faulty(python, port))
    }
    fn device(at: SocketAddr) -> Value {
        json!({ "protocol": "modbus_tcp", "address": at.to_string(), "max_gap": 4 })
    }
    fn places() -> Places {
        places()
    }
    fn is_write(question: &[u8]) -> bool {
        matches!(question.get(7), Some(5 | 6 | 15 | 16))
    }
    fn writes(&mut self) -> Vec<f64> {
        numbers(self.0.writes())
    }
}

/// Where the points are in the registers that our Modbus peers share.
pub fn places() -> Places {
    let at = |address: &str| json!({ "address": address });
    Places {
        speed: at("holding:0:f32"),
        seq: at("holding:10"),
        complement: at("holding:11"),
        twenty: at("holding:20"),
        absent: at("holding:36"),
        wrong: None,
        set: at("holding:30:f32"),
        stubborn: at("holding:40"),
    }
}

/// The written words as the numbers that they mean.
pub fn numbers(writes: Vec<(u16, Vec<u16>)>) -> Vec<f64> {
    let number = |(_, words): (u16, Vec<u16>)| match words[..] {
        [high, low] => f64::from(f32::from_bits(u32::from(high) << 16 | u32::from(low))),
        [word] => f64::from(word),
        _ => panic!("{words:?}"),
    };
    writes.into_iter().map(number).collect()
}

contract!(ModbusTcp);
