//! Siemens controllers as written in the settings, and the map of points made of them, which cannot be wrong.

use super::{
    S7,
    address::{Address, Area},
    plan::Limits,
    spelling,
    value::ValueType,
};
use crate::{
    device::{Place, Spoken},
    point::PointConfig,
    problem::{Problem, Under, host_and_port, within},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// One controller behind an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiemensS7 {
    /// `host:port`; 102 is meant where only a host is given.
    pub address: String,
    #[serde(default)]
    pub rack: u8,
    /// 1 or 0 of an S7-1200 or S7-1500, 2 of an S7-300.
    #[serde(default = "first_slot")]
    pub slot: u8,
    #[serde(default)]
    pub connection: Connection,
    #[serde(default = "most_items")]
    pub max_items_per_request: u8,
    /// Bytes that may be read in vain to join two values into one item.
    #[serde(default = "some_gap")]
    pub max_gap: u16,
    /// The longest frame. Every controller takes 240 bytes, an S7-400 480 and an S7-1500 960.
    #[serde(default = "smallest_frame")]
    pub pdu_bytes: u16,
    #[serde(default)]
    pub pause_between_requests_ms: u64,
}

/// As what we connect. A controller keeps a few places for each, and engineers need those of `pg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// A programming device.
    Pg,
    /// An operator panel.
    Op,
    /// Any other partner.
    #[default]
    Basic,
}

/// How the controller is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    pub address: String,
    pub rack: u8,
    pub slot: u8,
    pub connection: Connection,
    pub frame: u16,
}

fn first_slot() -> u8 {
    1
}
fn most_items() -> u8 {
    Limits::ITEMS as u8
}
/// A byte less than a further item costs on the wire.
fn some_gap() -> u16 {
    15
}
fn smallest_frame() -> u16 {
    Limits::SMALLEST_FRAME
}

impl SiemensS7 {
    /// With everything as it goes without saying.
    pub fn at(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            rack: 0,
            slot: first_slot(),
            connection: Connection::default(),
            max_items_per_request: most_items(),
            max_gap: some_gap(),
            pdu_bytes: smallest_frame(),
            pause_between_requests_ms: 0,
        }
    }

    pub(crate) fn checked(&self, points: &[PointConfig]) -> Under<Spoken> {
        if !cfg!(feature = "s7") {
            let why = "is s7, which this program was built without; build it with `--features s7`, or take the device out";
            return Err(("protocol".into(), Problem::Protocol(why.into())));
        }
        let address = if self.address.contains(':') { self.address.clone() } else { format!("{}:102", self.address) };
        host_and_port("address", &address, "192.168.0.10:102")?;
        within("rack", self.rack.into(), 0, 7)?;
        within("slot", self.slot.into(), 0, 31)?;
        within("max_items_per_request", self.max_items_per_request.into(), 1, Limits::ITEMS as u64)?;
        within("max_gap", self.max_gap.into(), 0, 200)?;
        within("pdu_bytes", self.pdu_bytes.into(), Limits::SMALLEST_FRAME.into(), Limits::LARGEST_FRAME.into())?;
        within("pause_between_requests_ms", self.pause_between_requests_ms, 0, 10_000)?;
        let limits = Limits { items: self.max_items_per_request.into(), frame: self.pdu_bytes, max_gap: self.max_gap };
        let slots = slots(points, limits)?;
        let places = slots.iter().map(place).collect();
        let way = Way { address: address.clone(), rack: self.rack, slot: self.slot, connection: self.connection, frame: self.pdu_bytes };
        let pause = Duration::from_millis(self.pause_between_requests_ms);
        Ok(Spoken { address, pause, places, protocol: Arc::new(S7 { way, limits, slots }) })
    }
}

fn slots(points: &[PointConfig], limits: Limits) -> Under<Vec<Address>> {
    let slot = |(index, config): (usize, &PointConfig)| {
        typed(config, limits).map_err(|(key, why)| (format!("points[{index}].{key}"), Problem::Protocol(why)))
    };
    points.iter().enumerate().map(slot).collect()
}

/// The address with the type that was written at either place.
fn typed(config: &PointConfig, limits: Limits) -> Result<Address, (&'static str, String)> {
    if config.byte_order.is_some() {
        return Err(("byte_order", "is for Modbus; leave it out: a Siemens controller always sends the highest byte first".into()));
    }
    let kind = config.kind.as_deref().map(str::parse::<ValueType>).transpose();
    let kind = kind.map_err(|why| ("type", format!("cannot be used: {why}")))?;
    let address = spelling::parse(&config.address, kind).map_err(|why| ("address", crate::protocol::with_causes(&why)));
    let address = address.map_err(|(key, why)| (key, format!("cannot be used: {why}")))?;
    let most = limits.most();
    if address.width() > most {
        let why = format!(
            "cannot be used: {address} takes {} bytes, and one answer holds {most}; read a shorter STRING, or set pdu_bytes higher",
            address.width()
        );
        return Err(("address", why));
    }
    Ok(address)
}

fn place(address: &Address) -> Place {
    let why = match (address.area(), address.kind()) {
        (Area::Input, _) => Some("inputs come from the plant; write to a data block, M or Q"),
        (_, kind) if kind.is_text() => Some("only numbers are written; use a numeric type"),
        _ => None,
    };
    let writable = why.map_or(Ok(()), |why| Err(format!("{address} cannot be written: {why}")));
    Place { canonical: address.to_string(), unit: 1, writable }
}

#[cfg(all(test, feature = "s7"))]
mod tests {
    use super::*;

    fn point(address: &str, kind: Option<&str>) -> PointConfig {
        PointConfig { kind: kind.map(Into::into), ..PointConfig::at("p/x".parse().unwrap(), address) }
    }
    fn canonical(address: &str, kind: Option<&str>) -> Result<String, String> {
        let spoken = SiemensS7::at("plc").checked(&[point(address, kind)]);
        spoken.map(|spoken| spoken.places[0].canonical.clone()).map_err(|(key, problem)| format!("{key} {problem}"))
    }

    #[test]
    fn the_type_may_stand_beside_the_address_and_must_agree_with_it() {
        assert_eq!(canonical("MW20", Some("int")), Ok("MW20:INT".into()));
        assert_eq!(canonical("DB1.R4", Some("REAL")), Ok("DB1.DBD4:REAL".into()));
        assert_eq!(canonical("DB1.DBW4", Some("UINT")), Ok("DB1.DBW4:WORD".into()));
        let disagrees = canonical("DB1.R4", Some("DINT")).unwrap_err();
        assert!(disagrees.contains("points[0].address") && disagrees.contains("says REAL") && disagrees.contains("type DINT"), "{disagrees}");
        let other_width = canonical("DB1.DBD4", Some("BOOL")).unwrap_err();
        assert!(other_width.contains("four bytes") && other_width.contains("write DB1.DBX4.0:BOOL"), "{other_width}");
    }

    #[test]
    fn a_host_alone_is_reached_at_port_102() {
        assert_eq!(SiemensS7::at("192.168.0.10").checked(&[]).unwrap().address, "192.168.0.10:102");
        assert_eq!(SiemensS7::at("plc:1102").checked(&[]).unwrap().address, "plc:1102");
        assert!(SiemensS7::at("plc:").checked(&[]).is_err());
    }

    #[test]
    fn a_text_that_no_answer_holds_is_refused_with_the_length_that_it_does() {
        assert!(canonical("DB2.S0.220", None).is_ok());
        let long = canonical("DB2.S0.254", None).unwrap_err();
        assert!(long.contains("256 bytes") && long.contains("holds 222") && long.contains("pdu_bytes"), "{long}");
        let larger = SiemensS7 { pdu_bytes: 480, ..SiemensS7::at("plc") };
        assert!(larger.checked(&[point("DB2.S0.254", None)]).is_ok());
    }

    #[test]
    fn inputs_and_texts_are_never_written() {
        let writable = |address: &str| SiemensS7::at("plc").checked(&[point(address, None)]).unwrap().places[0].writable.clone();
        assert!(writable("IW0").unwrap_err().contains("inputs come from the plant"));
        assert!(writable("DB2.S0.8").unwrap_err().contains("only numbers"));
        assert!(["DB1.DBX0.1", "MW2", "Q0.1"].iter().all(|address| writable(address).is_ok()));
    }
}

#[cfg(all(test, not(feature = "s7")))]
mod tests_without {
    use super::*;

    #[test]
    fn a_program_that_was_built_without_s7_says_so() {
        let refused = SiemensS7::at("plc").checked(&[]).err().map(|(key, problem)| format!("{key} {problem}"));
        assert!(refused.is_some_and(|why| why.starts_with("protocol is s7, which this program was built without")));
    }
}
