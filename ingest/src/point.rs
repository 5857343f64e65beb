//! A signal's place on a device: as a person writes it, checked, and from what the device holds there to a reading with a quality. Pure.

use crate::{collect::report::Report, modbus::value::ByteOrder, protocol::Answer, protocol::Raw};
use millwright_domain::{
    ids::SignalId,
    plant::Range,
    reading::{Quality, Reading},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One signal's place, in any protocol. `value = number * scale + offset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointConfig {
    pub signal: SignalId,
    /// In the protocol's own spelling.
    pub address: String,
    /// The protocol's own name of the type, where the address does not say it.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default = "one")]
    pub scale: f64,
    #[serde(default)]
    pub offset: f64,
    /// Modbus only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_order: Option<ByteOrder>,
    /// The first class of the device is meant where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What the words of a text value mean. Without it a text must hold a number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, f64>,
    /// Keep only what changed by more than this; without it every scan is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

fn one() -> f64 {
    1.0
}

impl PointConfig {
    /// The shortest: a signal and its address.
    pub fn at(signal: SignalId, address: impl Into<String>) -> Self {
        Self {
            signal,
            address: address.into(),
            kind: None,
            scale: 1.0,
            offset: 0.0,
            byte_order: None,
            class: None,
            texts: BTreeMap::new(),
            report: None,
        }
    }
}

/// A point that can be read: it has a signal, a place and a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub signal: SignalId,
    /// Canonical, with everything that decides what is read.
    pub place: String,
    /// Which unit behind the device's address; 1 where there is only one.
    pub unit: u16,
    pub scale: f64,
    pub offset: f64,
    /// Index into the device's classes.
    pub class: usize,
    pub range: Option<Range>,
    pub writable: bool,
    pub texts: BTreeMap<String, f64>,
    pub report: Option<Report>,
}

impl Point {
    /// The point's reading from what the device answered.
    pub fn reading(&self, answer: &Answer) -> Reading {
        let value = match answer {
            Ok(value) => value,
            Err(refusal) => return self.missing(refusal.quality()),
        };
        let Some(number) = self.number(&value.raw) else { return self.missing(Quality::BadNotANumber) };
        let scaled = number * self.scale + self.offset;
        let quality = match self.range {
            Some(range) if value.quality.is_good() && !range.holds(scaled) => Quality::UncertainOutOfRange,
            _ => value.quality,
        };
        let mut reading = Reading::with_quality(self.signal.clone(), scaled, quality);
        reading.source_time = value.source_time;
        reading
    }
    pub fn missing(&self, why: Quality) -> Reading {
        Reading::missing(self.signal.clone(), why)
    }
    /// The number as it stands in the device, before scale and offset.
    pub fn number(&self, raw: &Raw) -> Option<f64> {
        match raw {
            Raw::Number(number) => Some(*number),
            Raw::Text(text) if self.texts.is_empty() => text.trim().parse().ok(),
            Raw::Text(text) => self.texts.get(text.trim()).copied(),
        }
    }
    /// What the device has to hold for the signal to be `value`.
    pub fn unscaled(&self, value: f64) -> f64 {
        (value - self.offset) / self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Refusal, Value};

    fn point() -> Point {
        Point {
            signal: "pump/flow".parse().unwrap(),
            place: "1!input:3:i16".into(),
            unit: 1,
            scale: 0.1,
            offset: 5.0,
            class: 0,
            range: Some(Range { low: 0.0, high: 100.0 }),
            writable: false,
            texts: BTreeMap::new(),
            report: None,
        }
    }

    #[test]
    fn a_scaled_value_keeps_its_sign_and_its_range() {
        let cold = point().reading(&Ok(Value::number(-500.0)));
        assert_eq!((cold.value(), cold.quality()), (Some(-45.0), Quality::UncertainOutOfRange));
        assert_eq!(point().reading(&Ok(Value::number(100.0))).good(), Some(15.0));
    }

    #[test]
    fn a_number_that_is_none_is_bad() {
        let reading = point().reading(&Ok(Value::number(f64::NAN)));
        assert_eq!((reading.value(), reading.quality()), (None, Quality::BadNotANumber));
    }

    #[test]
    fn a_text_is_the_number_in_it_or_the_meaning_that_was_given_to_it_and_else_bad() {
        let text = |text: &str| Ok(Value::good(Raw::Text(text.into())));
        assert_eq!(point().reading(&text(" 12.5 ")).good(), Some(6.25));
        assert_eq!(point().reading(&text("RUN")).quality(), Quality::BadNotANumber);
        let named = Point { texts: [("RUN".to_string(), 1.0)].into(), scale: 1.0, offset: 0.0, ..point() };
        assert_eq!(named.reading(&text("RUN")).good(), Some(1.0));
        assert_eq!(named.reading(&text("12.5")).quality(), Quality::BadNotANumber);
    }

    #[test]
    fn every_refusal_has_its_quality() {
        let of = |refusal: Refusal| point().reading(&Err(refusal)).quality();
        assert_eq!(of(Refusal::Address(String::new())), Quality::BadConfiguration);
        assert_eq!(of(Refusal::Fault(String::new())), Quality::BadDeviceFault);
        assert_eq!(of(Refusal::Unreachable(String::new())), Quality::BadNoCommunication);
        assert_eq!(of(Refusal::NotANumber(String::new())), Quality::BadNotANumber);
    }

    #[test]
    fn what_the_source_doubts_is_not_made_good_by_its_range() {
        let doubtful = Value { quality: Quality::UncertainStale, ..Value::number(-500.0) };
        assert_eq!(point().reading(&Ok(doubtful)).quality(), Quality::UncertainStale);
    }
}
