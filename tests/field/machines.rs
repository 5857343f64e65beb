//! Machines of every protocol: independent peers with a number that grows, and the plant file to collect from them.

use super::{
    broker::{Broker, mosquitto},
    peer::{Peer, free_port},
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// When the number grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// With every read: one that is missing on the log was lost.
    EachRead,
    /// With every read, and with the question that clears a serial line after a silence (docs/adr/0017): nobody wants its values.
    EachQuestion,
    /// With every message that is sent.
    EachMessage,
    /// By the machine's own clock, or now and then.
    ByTime,
}

pub struct Machine {
    pub device: &'static str,
    pub counts: Counts,
    script: &'static str,
    port: u16,
    /// Protocol and address, as in a plant file.
    config: Value,
    /// Where the number and its complement are.
    places: [&'static str; 2],
    peer: Option<Peer>,
}

pub struct Machines {
    python: PathBuf,
    machines: Vec<Machine>,
    broker: Broker,
}

impl Machines {
    pub fn start(python: &Path) -> Option<Self> {
        let broker = Broker::start(mosquitto()?, free_port());
        let mut all = Self { python: python.to_path_buf(), machines: of_every_protocol(broker.address().port()), broker };
        (0..all.count()).for_each(|which| all.start_again(which));
        Some(all)
    }
    pub fn count(&self) -> usize {
        self.machines.len()
    }
    pub fn all(&self) -> &[Machine] {
        &self.machines
    }
    pub fn name(&self, which: usize) -> &'static str {
        self.machines[which].device
    }
    pub fn kill(&mut self, which: usize) {
        self.machines[which].peer.take().expect("it runs").kill();
    }
    pub fn start_again(&mut self, which: usize) {
        let machine = &mut self.machines[which];
        machine.peer = Some(Peer::script(&self.python, machine.script, machine.port, &[]));
    }
    pub fn pause(&self, which: usize) {
        self.machines[which].peer.as_ref().expect("it runs").pause();
    }
    pub fn resume(&self, which: usize) {
        self.machines[which].peer.as_ref().expect("it runs").resume();
    }
    pub fn kill_broker(&mut self) {
        self.broker.kill();
    }
    pub fn start_broker(&mut self) {
        self.broker.start_again();
    }

    /// One asset and one device a machine.
    pub fn plant_file(&self) -> String {
        let assets: Vec<Value> = self.machines.iter().map(Machine::asset).collect();
        let devices: Vec<Value> = self.machines.iter().map(Machine::device).collect();
        let file = json!({ "plant": { "site": "field", "name": "The field", "assets": assets }, "devices": devices });
        toml::to_string(&file).unwrap()
    }
}

impl Machine {
    fn asset(&self) -> Value {
        let signal = |name: &str| json!({ "id": format!("{}/{name}", self.device), "device": self.device, "kind": "generic", "unit": "1" });
        json!({ "id": self.device, "name": self.device, "area": "a", "line": "l", "signals": [signal("seq"), signal("complement")] })
    }
    fn device(&self) -> Value {
        let mut device = self.config.clone();
        device["id"] = self.device.into();
        device["connect_timeout_ms"] = 2_000.into();
        let mut class = json!({ "name": "fast", "interval_ms": 100, "timeout_ms": 400 });
        if self.counts == Counts::EachMessage {
            class["stale_after_ms"] = 2_000.into();
        }
        device["classes"] = json!([class]);
        let point = |(name, place): (&str, &&str)| json!({ "address": place, "signal": format!("{}/{name}", self.device) });
        device["points"] = ["seq", "complement"].into_iter().zip(&self.places).map(point).collect();
        device
    }
}

fn of_every_protocol(broker: u16) -> Vec<Machine> {
    let asked = |device, script, counts, config: &dyn Fn(u16) -> Value, places| {
        let port = free_port();
        Machine { device, counts, script, port, config: config(port), places, peer: None }
    };
    let behind_the_broker = |device, script, config: Value, places| {
        let mut config = config;
        config["address"] = format!("127.0.0.1:{broker}").into();
        config["keep_alive_s"] = 2.into();
        Machine { device, counts: Counts::EachMessage, script, port: broker, config, places, peer: None }
    };
    let at = |port: u16| format!("127.0.0.1:{port}");
    vec![
        asked(
            "modbus-tcp",
            "modbus_faulty.py",
            Counts::EachRead,
            &|port| json!({ "protocol": "modbus_tcp", "address": at(port) }),
            ["hr:10", "hr:11"],
        ),
        asked(
            "modbus-rtu",
            "modbus_rtu.py",
            Counts::EachQuestion,
            &|port| json!({ "protocol": "modbus_rtu", "address": at(port) }),
            ["hr:10", "hr:11"],
        ),
        asked("s7", "s7_faulty.py", Counts::EachRead, &|port| json!({ "protocol": "s7", "address": at(port) }), ["DB1.DBW16", "DB1.DBW18"]),
        asked(
            "micro800",
            "ethernet_ip_micro800.py",
            Counts::ByTime,
            &|port| json!({ "protocol": "ethernet_ip", "address": at(port), "style": "micro800" }),
            ["Seq", "Complement"],
        ),
        asked(
            "logix",
            "ethernet_ip_logix.py",
            Counts::ByTime,
            &|port| json!({ "protocol": "ethernet_ip", "address": at(port) }),
            ["Seq", "Complement"],
        ),
        behind_the_broker("mqtt", "mqtt_machine.py", json!({ "protocol": "mqtt" }), ["plant/pump-1/state#/seq", "plant/pump-1/state#/complement"]),
        behind_the_broker(
            "sparkplug",
            "sparkplug_edge.py",
            json!({ "protocol": "sparkplug", "group": "plant", "node": "gw-1" }),
            ["pump:Seq", "pump:Complement"],
        ),
        asked(
            "opc-ua",
            "opcua_machine.py",
            Counts::EachMessage,
            &|port| json!({ "protocol": "opc_ua", "address": format!("opc.tcp://{}/plc/", at(port)) }),
            ["nsu=urn:test:plc;s=Seq", "nsu=urn:test:plc;s=Complement"],
        ),
    ]
}
