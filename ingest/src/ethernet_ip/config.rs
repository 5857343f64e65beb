//! EtherNet/IP devices as written in the settings, and the tags made of them, which cannot be wrong.

use super::{Asking, EthernetIp, Pick, Tag, address::Address, plan::Limits, value::TagType};
use crate::{
    device::{Place, Spoken},
    point::PointConfig,
    problem::{Problem, Under, host_and_port, within},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// One controller, or the module in front of it. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EthernetIpTcp {
    /// `host` or `host:port`; the port is 44818 where none is named.
    pub address: String,
    #[serde(default)]
    pub style: Style,
    /// Where the controller sits in its rack. Logix only; 0 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<RackSlot>,
    /// Tags that are asked for together. Logix only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tags_per_request: Option<u16>,
    #[serde(default)]
    pub pause_between_requests_ms: u64,
}

/// The family that the controller belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// ControlLogix, CompactLogix and those like them: several tags in one packet, sent on to a slot.
    #[default]
    Logix,
    /// Micro820, 850, 870: one tag at a time, and nothing is sent on.
    Micro800,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RackSlot {
    Number(u8),
    Word(NoSlot),
}

/// The device at the address is the controller itself, or does not send on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoSlot {
    None,
}

const PORT: u16 = 44_818;
const HIGHEST_SLOT: u8 = 31;

impl EthernetIpTcp {
    /// With everything as it goes without saying.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), style: Style::default(), slot: None, max_tags_per_request: None, pause_between_requests_ms: 0 }
    }

    pub(crate) fn checked(&self, points: &[PointConfig]) -> Under<Spoken> {
        let address = with_port(&self.address);
        host_and_port("address", &address, "192.168.0.10:44818")?;
        within("pause_between_requests_ms", self.pause_between_requests_ms, 0, 10_000)?;
        let asking = self.asking()?;
        let tags = tags(points, self.style)?;
        let places = tags.iter().map(Tag::place).collect();
        let protocol = Arc::new(EthernetIp { address: address.clone(), asking, tags });
        Ok(Spoken { address, pause: Duration::from_millis(self.pause_between_requests_ms), places, protocol })
    }

    /// How its tags are asked for.
    fn asking(&self) -> Under<Asking> {
        let only_logix =
            |key: &str, what: &str| Err((key.to_string(), Problem::Protocol(format!("is for style = \"logix\": a Micro800 {what}; leave it out"))));
        match (self.style, self.slot, self.max_tags_per_request) {
            (Style::Micro800, Some(RackSlot::Number(_)), _) => only_logix("slot", "has no rack"),
            (Style::Micro800, _, Some(2..)) => only_logix("max_tags_per_request", "takes one tag at a time"),
            (Style::Micro800, ..) => Ok(Asking { limits: Limits::ALONE, slot: None }),
            (Style::Logix, slot, most) => {
                let most = most.unwrap_or(Limits::TAGS);
                within("max_tags_per_request", most.into(), 1, Limits::TAGS.into())?;
                let slot = match slot {
                    None => Some(0),
                    Some(RackSlot::Number(slot)) => Some(slot),
                    Some(RackSlot::Word(NoSlot::None)) => None,
                };
                within("slot", slot.unwrap_or(0).into(), 0, HIGHEST_SLOT.into())?;
                Ok(Asking { limits: Limits { tags: most.into(), bytes: Limits::BYTES }, slot })
            }
        }
    }
}

fn with_port(address: &str) -> String {
    let has_port = address.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    if has_port { address.into() } else { format!("{address}:{PORT}") }
}

fn tags(points: &[PointConfig], style: Style) -> Under<Vec<Tag>> {
    let tag = |(index, config): (usize, &PointConfig)| {
        let address = typed(config).map_err(|(key, why)| (format!("points[{index}].{key}"), Problem::Protocol(why)))?;
        Ok(Tag::at(address, style))
    };
    points.iter().enumerate().map(tag).collect()
}

/// The address with the type that was written at either place.
fn typed(config: &PointConfig) -> Result<Address, (&'static str, String)> {
    if config.byte_order.is_some() {
        return Err(("byte_order", "is for Modbus; leave it out: EtherNet/IP has one order of bytes".into()));
    }
    let address: Address = config.address.parse().map_err(|why| ("address", format!("cannot be used: {why}")))?;
    let Some(kind) = &config.kind else { return Ok(address) };
    let kind: TagType = kind.parse().map_err(|why| ("type", format!("cannot be used: {why}")))?;
    match address.kind() {
        Some(addressed) if addressed != kind => Err(("type", format!("is {kind}, but the address says {addressed}; keep one of them"))),
        _ => address.with_type(kind).map_err(|why| ("type", format!("does not fit the address: {why}"))),
    }
}

impl Tag {
    fn place(&self) -> Place {
        Place { canonical: self.address.to_string(), unit: 1, writable: self.can_be_written() }
    }
    /// A bit would have to be read, changed and written back, and what the controller did to its neighbours meanwhile would be lost.
    fn can_be_written(&self) -> Result<(), String> {
        let address = &self.address;
        match (self.pick, address.kind()) {
            (Pick::Bit(_) | Pick::Packed(_), _) => Err(format!("{address} is one bit of a word and cannot be written; use a BOOL tag of its own")),
            (Pick::Whole, None) => Err(format!("{address} says no type, and a write must know it; write {address}:REAL, or what it is")),
            (Pick::Whole, Some(TagType::String)) => Err(format!("{address} is a text and cannot be written; use a tag that holds a number")),
            (Pick::Whole, Some(_)) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: serde_json::Value) -> Result<EthernetIpTcp, String> {
        serde_json::from_value(json).map_err(|why| why.to_string())
    }
    fn checked(json: serde_json::Value, points: &[(&str, Option<&str>)]) -> Result<Spoken, String> {
        let points: Vec<PointConfig> = points
            .iter()
            .map(|(address, kind)| PointConfig { kind: kind.map(String::from), ..PointConfig::at("p/speed".parse().unwrap(), *address) })
            .collect();
        config(json)?.checked(&points).map_err(|(key, problem)| format!("{key} {problem}"))
    }

    #[test]
    fn the_shortest_configuration_is_a_logix_in_slot_0_at_the_usual_port() {
        let spoken = checked(serde_json::json!({ "address": "10.0.0.5" }), &[("Speed", Some("real"))]).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(spoken.address, "10.0.0.5:44818");
        assert_eq!((spoken.places[0].canonical.as_str(), spoken.places[0].unit), ("Speed:REAL", 1));
        assert_eq!(EthernetIpTcp::at("x").asking(), Ok(Asking { limits: Limits { tags: 100, bytes: 480 }, slot: Some(0) }));
        assert_eq!((with_port("[::1]"), with_port("[::1]:1")), ("[::1]:44818".into(), "[::1]:1".into()));
    }

    #[test]
    fn no_slot_is_a_word_and_a_micro800_has_neither_rack_nor_packets() {
        let none = config(serde_json::json!({ "address": "x", "slot": "none" })).unwrap();
        assert_eq!(none.asking().unwrap().slot, None);
        assert_eq!(serde_json::to_value(&none).unwrap()["slot"], "none");
        for (key, value, hint) in [("slot", 0, "no rack"), ("max_tags_per_request", 2, "one tag at a time")] {
            let why = checked(serde_json::json!({ "address": "x", "style": "micro800", key: value }), &[]).err().unwrap();
            assert!(why.starts_with(key) && why.contains(hint), "{why}");
        }
        assert!(checked(serde_json::json!({ "address": "x", "slot": 32 }), &[]).err().unwrap().contains("0 to 31"));
        assert!(config(serde_json::json!({ "address": "x", "unit": 1 })).unwrap_err().contains("unit"));
    }

    #[test]
    fn a_type_is_said_once_or_twice_the_same() {
        let with =
            |address, kind| checked(serde_json::json!({ "address": "x" }), &[(address, kind)]).map(|spoken| spoken.places[0].canonical.clone());
        assert_eq!(with("Tag:REAL", Some("REAL")), Ok("Tag:REAL".into()));
        assert!(with("Tag:REAL", Some("DINT")).unwrap_err().contains("keep one of them"));
        assert!(with("Tag.3", Some("DINT")).unwrap_err().starts_with("points[0].type"));
        assert!(with("Tag", Some("f32")).unwrap_err().contains("use BOOL"));
    }

    #[test]
    fn what_can_be_written_has_a_type_and_a_word_of_its_own() {
        let writable = |address: &str| Tag::at(address.parse().unwrap(), Style::Logix).can_be_written();
        assert_eq!(writable("Setpoint:REAL"), Ok(()));
        assert!(writable("Setpoint").unwrap_err().contains("Setpoint:REAL"));
        assert!(writable("Status.3").unwrap_err().contains("one bit"));
        assert!(writable("Flags[3]:BOOL").unwrap_err().contains("one bit"));
        assert!(writable("Name:STRING").unwrap_err().contains("text"));
    }
}
