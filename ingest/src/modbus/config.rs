//! Modbus devices as written in the settings, and the map of points made of them, which cannot be wrong.

use super::{
    Modbus, Slot,
    address::Address,
    plan::Limits,
    value::{ByteOrder, ValueType},
    wire::Way,
};
use crate::{
    device::{Place, Spoken},
    point::PointConfig,
    problem::{Problem, Under, host_and_port, within},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// One device behind a TCP address. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModbusTcp {
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
}

pub(super) fn first_unit() -> u8 {
    1
}
pub(super) fn some_gap() -> u16 {
    8
}
pub(super) fn most_registers() -> u16 {
    Limits::REGISTERS
}
pub(super) fn most_coils() -> u16 {
    Limits::COILS
}

impl ModbusTcp {
    /// With everything as it goes without saying.
    pub fn at(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            unit: first_unit(),
            byte_order: ByteOrder::default(),
            max_gap: some_gap(),
            max_registers_per_request: most_registers(),
            max_coils_per_request: most_coils(),
            pause_between_requests_ms: 0,
        }
    }

    pub(crate) fn checked(&self, points: &[PointConfig]) -> Under<Spoken> {
        host_and_port("address", &self.address, "192.168.0.10:502")?;
        let limits = limits(self.max_registers_per_request, self.max_coils_per_request, self.max_gap)?;
        within("pause_between_requests_ms", self.pause_between_requests_ms, 0, 10_000)?;
        let slots = slots(points, self.unit, self.byte_order)?;
        let protocol = Modbus { way: Way::Tcp { address: self.address.clone() }, limits, slots };
        Ok(protocol.spoken(self.address.clone(), Duration::from_millis(self.pause_between_requests_ms)))
    }
}

pub(super) fn limits(registers: u16, coils: u16, max_gap: u16) -> Under<Limits> {
    within("max_registers_per_request", registers.into(), 4, Limits::REGISTERS.into())?;
    within("max_coils_per_request", coils.into(), 1, Limits::COILS.into())?;
    within("max_gap", max_gap.into(), 0, Limits::REGISTERS.into())?;
    Ok(Limits { registers, coils, max_gap })
}

/// Where each point is, its type and its byte order.
pub(super) fn slots(points: &[PointConfig], unit: u8, order: ByteOrder) -> Under<Vec<Slot>> {
    let slot = |(index, config): (usize, &PointConfig)| {
        let address = typed(config).map_err(|(key, why)| (format!("points[{index}].{key}"), Problem::Protocol(why)))?;
        Ok(Slot { unit: address.unit().unwrap_or(unit), address, order: config.byte_order.unwrap_or(order) })
    };
    points.iter().enumerate().map(slot).collect()
}

/// The address with the type that was written at either place.
fn typed(config: &PointConfig) -> Result<Address, (&'static str, String)> {
    let address: Address = config.address.parse().map_err(|why| ("address", format!("cannot be used: {why}")))?;
    let Some(kind) = &config.kind else { return Ok(address) };
    let kind: ValueType = kind.parse().map_err(|why| ("type", format!("cannot be used: {why}")))?;
    match address.written_type() {
        Some(addressed) if addressed != kind => Err(("type", format!("is {kind}, but the address says {addressed}; keep one of them"))),
        _ => address.with_type(kind).map_err(|why| ("type", format!("does not fit the address: {why}"))),
    }
}

impl Modbus {
    pub(super) fn spoken(self, address: String, pause: Duration) -> Spoken {
        let places = self.slots.iter().map(Slot::place).collect();
        Spoken { address, pause, places, protocol: Arc::new(self) }
    }
}

impl Slot {
    fn place(&self) -> Place {
        let can_be = self.address.table().is_writable() && self.address.bit().is_none();
        let why = || format!("{} cannot be written; use a coil or a whole holding register", self.address);
        Place { canonical: self.canonical(), unit: self.unit.into(), writable: if can_be { Ok(()) } else { Err(why()) } }
    }
    /// With the unit and the type that will be used.
    pub(super) fn canonical(&self) -> String {
        let bare = self.address.to_string();
        let place = bare.split_once('!').map_or(bare.as_str(), |(_, place)| place);
        let kind = if self.address.written_type().is_none() { format!(":{}", self.address.kind()) } else { String::new() };
        format!("{}!{place}{kind}", self.unit)
    }
}
