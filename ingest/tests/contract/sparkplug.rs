//! Sparkplug B: an edge node whose payloads pysparkplug makes, behind mosquitto. The wire in our hands is the one between us and the broker.

use crate::{
    bench::{Bench, Places},
    broker::{Broker, mosquitto},
    contract,
    peer::Peer,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};

struct Sparkplug {
    edge: Peer,
    _broker: Broker,
}

impl Bench for Sparkplug {
    const NAME: &'static str = "sparkplug";
    const TOLD: bool = true;

    fn start(python: &Path, port: u16) -> Self {
        let _broker = Broker::start(mosquitto().expect("mosquitto is installed"), port);
        Self { edge: Peer::script(python, "sparkplug_edge.py", port, &[]), _broker }
    }
    fn device(at: SocketAddr) -> Value {
        json!({ "protocol": "sparkplug", "address": at.to_string(), "keep_alive_s": 2, "group": "plant", "node": "gw-1" })
    }
    fn places() -> Places {
        let at = |address: &str| json!({ "address": address });
        Places {
            speed: at("pump:Speed"),
            seq: at("pump:Seq"),
            complement: at("pump:Complement"),
            twenty: at("pump:Twenty"),
            absent: at("pump:Absent"),
            wrong: Some(json!({ "address": "pump:Mode", "type": "Int32" })),
            set: at("pump:Set"),
            stubborn: at("pump:Stubborn"),
        }
    }
    fn is_write(question: &[u8]) -> bool {
        question.windows(5).any(|window| window == b"/DCMD")
    }
    fn writes(&mut self) -> Vec<f64> {
        self.edge.values_written()
    }
}

contract!(Sparkplug);
