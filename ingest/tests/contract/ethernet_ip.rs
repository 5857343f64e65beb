//! EtherNet/IP in both styles: Logix against cpppo's server, Micro800 against our own strict one.

use crate::{
    bench::{Bench, Places},
    peer::Peer,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};

/// Where a frame's CIP message begins, and where in it a message that is sent on to a slot.
const MESSAGE: usize = 40;
const SENT_ON: usize = 10;
const WRITE_TAG: u8 = 0x4D;

fn places() -> Places {
    let at = |address: &str| json!({ "address": address });
    Places {
        speed: at("Speed"),
        seq: at("seq"),
        complement: at("%Complement:UINT"),
        twenty: json!({ "address": "Twenty", "type": "INT" }),
        absent: at("Program:Main.Absent"),
        wrong: Some(at("Wrong:REAL")),
        set: at("Setpoint:REAL"),
        stubborn: at("Stubborn:REAL"),
    }
}

struct Logix(Peer);

impl Bench for Logix {
    const NAME: &'static str = "ethernet_ip_logix";

    fn start(python: &Path, port: u16) -> Self {
        Self(Peer::script(python, "ethernet_ip_logix.py", port, &[]))
    }
    fn device(at: SocketAddr) -> Value {
        json!({ "protocol": "ethernet_ip", "address": at.to_string() })
    }
    fn places() -> Places {
        places()
    }
    fn is_write(question: &[u8]) -> bool {
        question.get(MESSAGE + SENT_ON) == Some(&WRITE_TAG)
    }
    fn writes(&mut self) -> Vec<f64> {
        self.0.values_written()
    }
}

struct Micro800(Peer);

impl Bench for Micro800 {
    const NAME: &'static str = "ethernet_ip_micro800";

    fn start(python: &Path, port: u16) -> Self {
        Self(Peer::script(python, "ethernet_ip_micro800.py", port, &[]))
    }
    fn device(at: SocketAddr) -> Value {
        json!({ "protocol": "ethernet_ip", "address": at.to_string(), "style": "micro800" })
    }
    fn places() -> Places {
        places()
    }
    fn is_write(question: &[u8]) -> bool {
        question.get(MESSAGE) == Some(&WRITE_TAG)
    }
    fn writes(&mut self) -> Vec<f64> {
        self.0.values_written()
    }
}

mod logix {
    crate::contract!(super::Logix);
}
mod micro800 {
    crate::contract!(super::Micro800);
}
