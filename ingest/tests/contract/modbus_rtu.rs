//! Modbus RTU over TCP against a pymodbus server: the frames of a serial line, which have no transaction numbers.

use crate::{
    bench::{Bench, Places},
    contract,
    modbus_tcp::numbers,
    peer::Peer,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};

struct ModbusRtu(Peer);

impl Bench for ModbusRtu {
    const NAME: &'static str = "modbus_rtu";

    fn start(python: &Path, port: u16) -> Self {
        Self(Peer::script(python, "modbus_rtu.py", port, &[]))
    }
    fn device(at: SocketAddr) -> Value {
        json!({ "protocol": "modbus_rtu", "address": at.to_string(), "max_gap": 4 })
    }
    fn places() -> Places {
        crate::modbus_tcp::places()
    }
    fn is_write(question: &[u8]) -> bool {
        matches!(question.get(1), Some(5 | 6 | 15 | 16))
    }
    fn writes(&mut self) -> Vec<f64> {
        numbers(self.0.writes())
    }
}

contract!(ModbusRtu);
