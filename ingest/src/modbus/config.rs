//! A Modbus TCP device as written in the settings, and the checked device made of it, which cannot be wrong.

use super::{
    address::{Address, BadAddress},
    plan::Limits,
    value::{ByteOrder, ValueType},
};
use millwright_domain::{
    ids::{DeviceId, SignalId},
    plant::{Plant, Range, Signal},
};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, time::Duration};
use thiserror::Error;

/// One device, as a person writes it. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModbusTcp {
    pub id: DeviceId,
    /// `host:port`.
    pub address: String,
    /// The unit of all points whose address names none.
    #[serde(default = "first_unit")]
    pub unit: u8,
    #[serde(default)]
    pub byte_order: ByteOrder,
    /// Registers that may be read in vain to join two values into one request.
    #[serde(default = "some_gap")]
    pub max_gap: u16,
    #[serde(default = "most_registers")]
    pub max_registers_per_request: u16,
    #[serde(default = "most_coils")]
    pub max_coils_per_request: u16,
    #[serde(default)]
    pub pause_between_requests_ms: u64,
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

/// Points that are polled together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollClass {
    pub name: String,
    pub interval_ms: u64,
    #[serde(default = "one_second")]
    pub timeout_ms: u64,
}

/// One signal's place on the device. `value = register * scale + offset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointConfig {
    pub signal: SignalId,
    pub address: Address,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ValueType>,
    #[serde(default = "one")]
    pub scale: f64,
    #[serde(default)]
    pub offset: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_order: Option<ByteOrder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

fn first_unit() -> u8 {
    1
}
fn some_gap() -> u16 {
    8
}
fn most_registers() -> u16 {
    Limits::REGISTERS
}
fn most_coils() -> u16 {
    Limits::COILS
}
fn one_second() -> u64 {
    1_000
}
fn three_seconds() -> u64 {
    3_000
}
fn every_second() -> Vec<PollClass> {
    vec![PollClass { name: "default".into(), interval_ms: 1_000, timeout_ms: 1_000 }]
}
fn one() -> f64 {
    1.0
}

/// A device that can be polled: every point has a signal, a place, a type and a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub(crate) id: DeviceId,
    pub(crate) address: String,
    pub(crate) limits: Limits,
    pub(crate) pause: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_back: Duration,
    pub(crate) classes: Vec<Class>,
    pub(crate) points: Vec<Point>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Class {
    pub name: String,
    pub interval: Duration,
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub(crate) signal: SignalId,
    pub(crate) unit: u8,
    pub(crate) address: Address,
    pub(crate) order: ByteOrder,
    pub(crate) scale: f64,
    pub(crate) offset: f64,
    /// Index into the device's classes.
    pub(crate) class: usize,
    pub(crate) range: Option<Range>,
    pub(crate) writable: bool,
}

/// What is wrong in a device's settings, and under which key.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("device {device}: {key} {problem}")]
pub struct BadDevice {
    pub device: DeviceId,
    pub key: String,
    pub problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum Problem {
    #[error("must be host:port, like 192.168.0.10:502")]
    NotHostAndPort,
    #[error("must be from {low} to {high}")]
    OutOf { low: u64, high: u64 },
    #[error("must name at least one")]
    Empty,
    #[error("is given twice; names are unique in a device")]
    Twice,
    #[error("is not described in the plant; add the signal there, or correct its name")]
    UnknownSignal,
    #[error("belongs to device {0} in the plant; poll it there, or correct the plant")]
    OtherDevice(DeviceId),
    #[error("is {written}, but the address says {addressed}; keep one of them")]
    TypeTwice { written: ValueType, addressed: ValueType },
    #[error("does not fit the address: {0}")]
    Address(BadAddress),
    #[error("must be a finite number, and scale not 0")]
    NotFinite,
    #[error("is no class of this device; classes are: {0}")]
    UnknownClass(String),
    #[error("is writable in the plant, but {0} cannot be written; use a coil or a whole holding register")]
    NotWritable(Address),
}

impl ModbusTcp {
    /// The device, if all of it can be true for this plant.
    pub fn checked(&self, plant: &Plant) -> Result<Device, BadDevice> {
        self.check_numbers()?;
        let classes = self.check_classes()?;
        if self.points.is_empty() {
            return Err(self.bad("points", Problem::Empty));
        }
        let mut seen = HashSet::new();
        let mut points = Vec::with_capacity(self.points.len());
        for (index, config) in self.points.iter().enumerate() {
            if !seen.insert(&config.signal) {
                return Err(self.bad(&format!("points[{index}].signal {}", config.signal), Problem::Twice));
            }
            points.push(self.check_point(index, config, plant)?);
        }
        Ok(Device {
            id: self.id.clone(),
            address: self.address.clone(),
            limits: Limits { registers: self.max_registers_per_request, coils: self.max_coils_per_request, max_gap: self.max_gap },
            pause: Duration::from_millis(self.pause_between_requests_ms),
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            read_back: Duration::from_millis(self.read_back_ms),
            classes,
            points,
        })
    }

    fn bad(&self, key: &str, problem: Problem) -> BadDevice {
        BadDevice { device: self.id.clone(), key: key.into(), problem }
    }

    fn check_numbers(&self) -> Result<(), BadDevice> {
        let host_and_port =
            self.address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
        if !host_and_port {
            return Err(self.bad("address", Problem::NotHostAndPort));
        }
        self.within("max_registers_per_request", self.max_registers_per_request.into(), 4, Limits::REGISTERS.into())?;
        self.within("max_coils_per_request", self.max_coils_per_request.into(), 1, Limits::COILS.into())?;
        self.within("max_gap", self.max_gap.into(), 0, Limits::REGISTERS.into())?;
        self.within("pause_between_requests_ms", self.pause_between_requests_ms, 0, 10_000)?;
        self.within("connect_timeout_ms", self.connect_timeout_ms, 1, 60_000)?;
        self.within("read_back_ms", self.read_back_ms, 1, 60_000)
    }

    fn within(&self, key: &str, value: u64, low: u64, high: u64) -> Result<(), BadDevice> {
        if (low..=high).contains(&value) { Ok(()) } else { Err(self.bad(key, Problem::OutOf { low, high })) }
    }

    fn check_classes(&self) -> Result<Vec<Class>, BadDevice> {
        if self.classes.is_empty() {
            return Err(self.bad("classes", Problem::Empty));
        }
        let mut names = HashSet::new();
        for (index, class) in self.classes.iter().enumerate() {
            if !names.insert(&class.name) {
                return Err(self.bad(&format!("classes[{index}].name {:?}", class.name), Problem::Twice));
            }
            self.within(&format!("classes[{index}].interval_ms"), class.interval_ms, 1, 86_400_000)?;
            self.within(&format!("classes[{index}].timeout_ms"), class.timeout_ms, 1, 60_000)?;
        }
        let checked = |class: &PollClass| Class {
            name: class.name.clone(),
            interval: Duration::from_millis(class.interval_ms),
            timeout: Duration::from_millis(class.timeout_ms),
        };
        Ok(self.classes.iter().map(checked).collect())
    }

    fn check_point(&self, index: usize, config: &PointConfig, plant: &Plant) -> Result<Point, BadDevice> {
        let bad = |key: &str, problem| self.bad(&format!("points[{index}].{key}"), problem);
        let (_, signal) = plant.signal(&config.signal).ok_or_else(|| bad(&format!("signal {}", config.signal), Problem::UnknownSignal))?;
        if signal.device != self.id {
            return Err(bad(&format!("signal {}", config.signal), Problem::OtherDevice(signal.device.clone())));
        }
        if !config.scale.is_finite() || config.scale == 0.0 || !config.offset.is_finite() {
            return Err(bad("scale or offset", Problem::NotFinite));
        }
        let address = typed(config).map_err(|problem| bad("type", problem))?;
        let writable = signal.writable.is_some();
        if writable && (!address.table().is_writable() || address.bit().is_some()) {
            return Err(bad(&format!("signal {}", config.signal), Problem::NotWritable(address)));
        }
        let class = self.class_of(config).map_err(|problem| bad("class", problem))?;
        Ok(self.point(config, signal, address, class))
    }

    fn class_of(&self, config: &PointConfig) -> Result<usize, Problem> {
        let Some(wanted) = &config.class else { return Ok(0) };
        let known = || self.classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
        self.classes.iter().position(|class| class.name == *wanted).ok_or_else(|| Problem::UnknownClass(known()))
    }

    fn point(&self, config: &PointConfig, signal: &Signal, address: Address, class: usize) -> Point {
        Point {
            signal: config.signal.clone(),
            unit: address.unit().unwrap_or(self.unit),
            address,
            order: config.byte_order.unwrap_or(self.byte_order),
            scale: config.scale,
            offset: config.offset,
            class,
            range: signal.range,
            writable: signal.writable.is_some(),
        }
    }
}

fn typed(config: &PointConfig) -> Result<Address, Problem> {
    match (config.kind, config.address.written_type()) {
        (Some(written), Some(addressed)) if written != addressed => Err(Problem::TypeTwice { written, addressed }),
        (Some(written), _) => config.address.with_type(written).map_err(Problem::Address),
        (None, _) => Ok(config.address),
    }
}

impl Device {
    pub fn id(&self) -> &DeviceId {
        &self.id
    }
    /// Each signal with its canonical address.
    pub fn addresses(&self) -> impl Iterator<Item = (&SignalId, String)> {
        self.points.iter().map(|point| (&point.signal, point.canonical()))
    }
    /// The device's units, each once, in order.
    pub(crate) fn units(&self) -> Vec<u8> {
        let mut units: Vec<u8> = self.points.iter().map(|point| point.unit).collect();
        units.sort_unstable();
        units.dedup();
        units
    }
    pub(crate) fn point(&self, signal: &SignalId) -> Option<&Point> {
        self.points.iter().find(|point| point.signal == *signal)
    }
}

impl Point {
    /// Canonical, with the unit and the type that will be used.
    pub fn canonical(&self) -> String {
        let bare = self.address.to_string();
        let place = bare.split_once('!').map_or(bare.as_str(), |(_, place)| place);
        let kind = if self.address.written_type().is_none() { format!(":{}", self.address.kind()) } else { String::new() };
        format!("{}!{place}{kind}", self.unit)
    }
}
