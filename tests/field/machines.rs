//! Machines of every protocol: independent peers with a number that grows, and the plant file to collect from them.

use super::peer::{Peer, free_port};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// When the number grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// With every read: each one that is missing on the log was lost.
    EachRead,
    /// With every message that is sent.
    EachMessage,
    /// By the machine's own clock.
    ByTime,
}

pub struct Machine {
    pub device: &'static str,
    pub counts: Counts,
    script: &'static str,
    arguments: Vec<String>,
    port: u16,
    /// Protocol and address, as in a plant file.
    config: Value,
    /// Where the number and its complement are.
    places: [Value; 2],
    peer: Option<Peer>,
}

pub struct Machines {
    python: PathBuf,
    machines: Vec<Machine>,
}

fn at(address: &str) -> Value {
    json!({ "address": address })
}

impl Machines {
    pub fn start(python: &Path, _folder: &Path) -> Self {
        let machines = vec![modbus_tcp()];
        let mut all = Self { python: python.to_path_buf(), machines };
        (0..all.count()).for_each(|which| all.start_again(which));
        all
    }
    pub fn count(&self) -> usize {
        self.machines.len()
    }
    pub fn all(&self) -> &[Machine] {
        &self.machines
    }
    pub fn kill(&mut self, which: usize) {
        self.machines[which].peer.take().expect("it runs").kill();
    }
    pub fn start_again(&mut self, which: usize) {
        let machine = &mut self.machines[which];
        let arguments: Vec<&str> = machine.arguments.iter().map(String::as_str).collect();
        machine.peer = Some(Peer::script(&self.python, machine.script, machine.port, &arguments));
    }
    pub fn pause(&self, which: usize) {
        self.machines[which].peer.as_ref().expect("it runs").pause();
    }
    pub fn resume(&self, which: usize) {
        self.machines[which].peer.as_ref().expect("it runs").resume();
    }
    pub fn kill_broker(&mut self) {}
    pub fn start_broker(&mut self) {}

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
        device["classes"] = json!([{ "name": "fast", "interval_ms": 100, "timeout_ms": 400 }]);
        let point = |(name, place): (&str, &Value)| {
            let mut point = place.clone();
            point["signal"] = format!("{}/{name}", self.device).into();
            point
        };
        device["points"] = ["seq", "complement"].into_iter().zip(&self.places).map(point).collect();
        device
    }
}

fn modbus_tcp() -> Machine {
    let port = free_port();
    Machine {
        device: "modbus-tcp",
        counts: Counts::EachRead,
        script: "modbus_faulty.py",
        arguments: vec![],
        port,
        config: json!({ "protocol": "modbus_tcp", "address": format!("127.0.0.1:{port}") }),
        places: [at("hr:10"), at("hr:11")],
        peer: None,
    }
}
