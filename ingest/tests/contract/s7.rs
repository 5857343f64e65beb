//! Siemens S7 against python-snap7's server.

use crate::{
    bench::{Bench, Places},
    contract,
    peer::Peer,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};

struct SiemensS7(Peer);

impl Bench for SiemensS7 {
    const NAME: &'static str = "s7";

    fn start(python: &Path, port: u16) -> Self {
        Self(Peer::script(python, "s7_faulty.py", port, &[]))
    }
    fn device(at: SocketAddr) -> Value {
        json!({ "protocol": "s7", "address": at.to_string() })
    }
    fn places() -> Places {
        let at = |address: &str| json!({ "address": address });
        Places {
            speed: at("DB1.DBD0:REAL"),
            seq: at("DB1.DBW16"),
            complement: at("DB1.DBW18"),
            twenty: at("DB1,I20"),
            absent: at("DB9.DBW0"),
            wrong: Some(at("DB1.S0.4")),
            set: at("DB1.R30"),
            stubborn: at("DB1.INT40"),
        }
    }
    fn is_write(question: &[u8]) -> bool {
        question.get(7) == Some(&0x32) && question.get(17) == Some(&5)
    }
    fn writes(&mut self) -> Vec<f64> {
        self.0.values_written()
    }
}

contract!(SiemensS7);
