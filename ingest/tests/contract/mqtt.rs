//! MQTT: a machine on paho-mqtt behind mosquitto. The wire in our hands is the one between us and the broker.

use crate::{
    bench::{Bench, Places},
    broker::{Broker, mosquitto},
    contract,
    peer::Peer,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};

struct Mqtt {
    machine: Peer,
    _broker: Broker,
}

impl Bench for Mqtt {
    const NAME: &'static str = "mqtt";
    const TOLD: bool = true;

    fn start(python: &Path, port: u16) -> Self {
        let _broker = Broker::start(mosquitto().expect("mosquitto is installed"), port);
        Self { machine: Peer::script(python, "mqtt_machine.py", port, &[]), _broker }
    }
    fn device(at: SocketAddr) -> Value {
        json!({ "protocol": "mqtt", "address": at.to_string(), "keep_alive_s": 2, "timestamp": "/ts" })
    }
    fn places() -> Places {
        let at = |address: &str| json!({ "address": address });
        Places {
            speed: at("plant/pump-1/speed"),
            seq: at("plant/pump-1/state#/seq"),
            complement: at("plant/pump-1/state#/complement"),
            twenty: at("plant/pump-1/state#/twenty"),
            absent: at("plant/pump-1/state#/absent"),
            wrong: Some(json!({ "address": "plant/pump-1/state#/mode", "type": "number" })),
            set: at("plant/pump-1/state#/set > plant/pump-1/set"),
            stubborn: at("plant/pump-1/state#/stubborn > plant/pump-1/stubborn/set#/value"),
        }
    }
    fn is_write(question: &[u8]) -> bool {
        let topic = b"plant/pump-1/";
        question.first().is_some_and(|first| first >> 4 == 3) && question.windows(topic.len()).any(|window| window == topic)
    }
    fn writes(&mut self) -> Vec<f64> {
        self.machine.values_written()
    }
}

contract!(Mqtt);
