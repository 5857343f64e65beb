//! A device as a person configures it, whatever it speaks, and the checked device made of it, which cannot be wrong.
//!
//! A new protocol is one more line in [`Speaks`] and one in [`Speaks::checked`].

use crate::{
    classes::{Class, PollClass, every_second},
    ethernet_ip, modbus, mqtt, opc_ua,
    point::{Point, PointConfig},
    problem::{BadDevice, Problem, Under, within},
    protocol::{Manner, Protocol},
    s7, sparkplug,
};
use chrono::TimeDelta;
use millwright_domain::{
    ids::{DeviceId, SignalId},
    plant::Plant,
};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::{collections::HashSet, sync::Arc, time::Duration};

/// What every device has, and what its protocol needs beside it. In a file both stand in one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceConfig {
    #[serde(flatten)]
    pub speaks: Speaks,
    #[serde(flatten)]
    pub common: Common,
}

/// The protocol and its own settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum Speaks {
    ModbusTcp(modbus::config::ModbusTcp),
    ModbusRtu(modbus::rtu::config::ModbusRtu),
    S7(s7::config::SiemensS7),
    EthernetIp(ethernet_ip::config::EthernetIpTcp),
    Mqtt(mqtt::config::MqttDevice),
    Sparkplug(sparkplug::config::SparkplugNode),
    OpcUa(opc_ua::config::OpcUaConfig),
}

/// Settings that mean the same in every protocol. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Common {
    pub id: DeviceId,
    #[serde(default = "three_seconds")]
    pub connect_timeout_ms: u64,
    /// How long a written value may take until it reads back.
    #[serde(default = "one_second")]
    pub read_back_ms: u64,
    /// The first one is meant where a point names none.
    #[serde(default = "every_second")]
    pub classes: Vec<PollClass>,
    pub points: Vec<PointConfig>,
}

impl Common {
    const KEYS: [&str; 5] = ["id", "connect_timeout_ms", "read_back_ms", "classes", "points"];

    /// With everything as it goes without saying.
    pub fn usual(id: DeviceId, points: Vec<PointConfig>) -> Self {
        Self { id, connect_timeout_ms: three_seconds(), read_back_ms: one_second(), classes: every_second(), points }
    }
}

fn three_seconds() -> u64 {
    3_000
}
fn one_second() -> u64 {
    1_000
}

impl<'de> Deserialize<'de> for DeviceConfig {
    /// Keys are told apart by name, so that an unknown one is refused: serde's own `flatten` would let it pass.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = serde_json::Map::deserialize(deserializer)?;
        let common: serde_json::Map<_, _> = Common::KEYS.iter().filter_map(|key| table.remove_entry(*key)).collect();
        let name = common.get("id").and_then(|id| id.as_str()).unwrap_or("without an id").to_string();
        let named = |error: serde_json::Error| de::Error::custom(format!("device {name}: {error}"));
        let speaks = serde_json::from_value(table.into()).map_err(named)?;
        let common = serde_json::from_value(common.into()).map_err(named)?;
        Ok(Self { speaks, common })
    }
}

impl DeviceConfig {
    pub fn id(&self) -> &DeviceId {
        &self.common.id
    }

    /// The device, if all of it can be true for this plant.
    pub fn checked(&self, plant: &Plant) -> Result<Device, BadDevice> {
        self.check(plant).map_err(|(key, problem)| BadDevice { device: self.common.id.clone(), key, problem })
    }

    fn check(&self, plant: &Plant) -> Under<Device> {
        let Common { id, connect_timeout_ms, read_back_ms, classes, points } = &self.common;
        within("connect_timeout_ms", *connect_timeout_ms, 1, 60_000)?;
        within("read_back_ms", *read_back_ms, 1, 60_000)?;
        if points.is_empty() {
            return Err(("points".into(), Problem::Empty));
        }
        let Spoken { address, pause, places, protocol } = self.speaks.checked(&self.common)?;
        let classes = Class::checked(classes, protocol.manner())?;
        let mut seen = HashSet::new();
        let mut checked = Vec::with_capacity(points.len());
        for (index, (config, place)) in points.iter().zip(places).enumerate() {
            let under = |(key, problem)| (format!("points[{index}].{key}"), problem);
            if !seen.insert(&config.signal) {
                return Err(under((format!("signal {}", config.signal), Problem::Twice)));
            }
            checked.push(point(id, config, place, &classes, plant).map_err(under)?);
        }
        Ok(Device {
            id: id.clone(),
            address,
            pause,
            connect_timeout: Duration::from_millis(*connect_timeout_ms),
            read_back: Duration::from_millis(*read_back_ms),
            classes,
            points: checked,
            protocol,
        })
    }
}

impl Speaks {
    /// Addresses and settings as the protocol understands them.
    fn checked(&self, common: &Common) -> Under<Spoken> {
        let Common { id, points, classes, .. } = common;
        match self {
            Self::ModbusTcp(config) => config.checked(points),
            Self::ModbusRtu(config) => config.checked(common),
            Self::S7(config) => config.checked(points),
            Self::EthernetIp(config) => config.checked(points),
            Self::Mqtt(config) => config.checked(id, points),
            Self::Sparkplug(config) => config.checked(id, points),
            Self::OpcUa(config) => config.checked(points, classes),
        }
    }
}

/// What a protocol makes of its settings.
pub struct Spoken {
    /// Where the device is, for people.
    pub address: String,
    /// Between two requests on one line.
    pub pause: Duration,
    /// One for each configured point, in their order.
    pub places: Vec<Place>,
    pub protocol: Arc<dyn Protocol>,
}

/// What the protocol says of one point.
pub struct Place {
    pub canonical: String,
    pub unit: u16,
    /// `Err` says why it can never be written: "input:3 cannot be written; use …".
    pub writable: Result<(), String>,
}

fn point(id: &DeviceId, config: &PointConfig, place: Place, classes: &[Class], plant: &Plant) -> Under<Point> {
    let of_signal = || format!("signal {}", config.signal);
    let (_, signal) = plant.signal(&config.signal).ok_or_else(|| (of_signal(), Problem::UnknownSignal))?;
    if signal.device != *id {
        return Err((of_signal(), Problem::OtherDevice(signal.device.clone())));
    }
    if !config.scale.is_finite() || config.scale == 0.0 || !config.offset.is_finite() {
        return Err(("scale or offset".into(), Problem::NotFinite));
    }
    if let Some(report) = &config.report {
        report.check(signal.range).map_err(|why| ("report".into(), Problem::Protocol(why)))?;
    }
    let writable = signal.writable.is_some();
    if let (true, Err(why)) = (writable, place.writable) {
        return Err((of_signal(), Problem::NotWritable(why)));
    }
    Ok(Point {
        signal: config.signal.clone(),
        place: place.canonical,
        unit: place.unit,
        scale: config.scale,
        offset: config.offset,
        class: Class::position(classes, config.class.as_deref())?,
        range: signal.range,
        writable,
        texts: config.texts.clone(),
        report: config.report,
    })
}

/// A device that can be collected from.
#[derive(Debug, Clone)]
pub struct Device {
    pub(crate) id: DeviceId,
    pub(crate) address: String,
    pub(crate) pause: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_back: Duration,
    pub(crate) classes: Vec<Class>,
    pub(crate) points: Vec<Point>,
    pub(crate) protocol: Arc<dyn Protocol>,
}

impl Device {
    pub fn id(&self) -> &DeviceId {
        &self.id
    }
    /// What no second device may use beside it: the key it is configured under, and its name.
    pub fn alone_on(&self) -> Option<(&'static str, String)> {
        self.protocol.alone_on()
    }
    /// Where it is, for people.
    pub fn address(&self) -> &str {
        &self.address
    }
    /// Each signal with its canonical address.
    pub fn addresses(&self) -> impl Iterator<Item = (&SignalId, &str)> {
        self.points.iter().map(|point| (&point.signal, point.place.as_str()))
    }
    pub(crate) fn is_told(&self) -> bool {
        self.protocol.manner() == Manner::Told
    }
    /// The device's units, each once, in order.
    pub(crate) fn units(&self) -> Vec<u16> {
        let mut units: Vec<u16> = self.points.iter().map(|point| point.unit).collect();
        units.sort_unstable();
        units.dedup();
        units
    }
    /// How often a unit is asked at least for something; `None` if it tells by itself.
    pub(crate) fn period_of(&self, unit: u16) -> Option<TimeDelta> {
        let of_unit = self.points.iter().filter(|point| point.unit == unit).filter_map(|point| self.classes.get(point.class));
        let shortest = of_unit.map(|class| class.interval).min().filter(|_| !self.is_told())?;
        TimeDelta::from_std(shortest).ok()
    }
    /// The number of the signal's point.
    pub(crate) fn number_of(&self, signal: &SignalId) -> Option<usize> {
        self.points.iter().position(|point| point.signal == *signal)
    }
    /// How long an answer about this point may take.
    pub(crate) fn timeout_of(&self, point: &Point) -> Duration {
        self.classes.get(point.class).map_or(Duration::from_secs(1), |class| class.timeout)
    }
}
