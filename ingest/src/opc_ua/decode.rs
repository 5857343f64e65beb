//! From what a server says of a variable to an answer: status codes become qualities, types are held against the configuration. Pure.

use super::value::ValueType;
use crate::protocol::{Answer, PointNo, Raw, Refusal, Value};
use millwright_domain::{Timestamp, reading::Quality};
use std::collections::HashMap;

/// A status code and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub code: u32,
    pub name: String,
}

/// What a variable holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    Nothing,
    Number(ValueType, f64),
    Text(String),
    /// So many elements.
    Array(usize),
    /// A type that is neither number nor text.
    Other(&'static str),
}

/// A variable's value with its status and its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub status: Status,
    pub held: Held,
    pub source_time: Option<Timestamp>,
    pub server_time: Option<Timestamp>,
}

/// How a status code is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Value(Quality),
    Address,
    Fault,
    Unreachable,
    NotANumber,
}

const SEVERITY: u32 = 0xC000_0000;
const UNCERTAIN: u32 = 0x4000_0000;
const SUB_CODE: u32 = 0xFFFF_0000;
/// Together: the lower bits are of a data value, and its queue overflowed before it.
const OVERFLOW: u32 = 0x0000_0480;

impl Sample {
    /// The type of what it holds, if that is a number or a text.
    pub const fn kind(&self) -> Option<ValueType> {
        match self.held {
            Held::Number(kind, _) => Some(kind),
            Held::Text(_) => Some(ValueType::String),
            Held::Nothing | Held::Array(_) | Held::Other(_) => None,
        }
    }
}

impl Status {
    pub const GOOD: u32 = 0;

    /// The server had to throw values of this variable away.
    pub const fn has_overflowed(&self) -> bool {
        self.code & OVERFLOW == OVERFLOW
    }

    /// The low bits say how a value came about, never what it is worth.
    const fn meaning(&self) -> Meaning {
        match (self.code & SEVERITY, self.code & SUB_CODE) {
            // GoodLocalOverride: somebody forced the value; it was not measured.
            (0, 0x0096_0000) => Meaning::Value(Quality::UncertainStale),
            (0, _) => Meaning::Value(Quality::Good),
            // UncertainEngineeringUnitsExceeded.
            (UNCERTAIN, 0x4094_0000) => Meaning::Value(Quality::UncertainOutOfRange),
            (UNCERTAIN, _) => Meaning::Value(Quality::UncertainStale),
            (_, sub_code) => bad(sub_code),
        }
    }
}

const fn bad(sub_code: u32) -> Meaning {
    match sub_code {
        // UserAccessDenied, NodeIdInvalid, NodeIdUnknown, AttributeIdInvalid, IndexRangeInvalid, IndexRangeNoData, DataEncodingInvalid,
        // DataEncodingUnsupported, NotReadable, NotWritable, OutOfRange, NotSupported, NotFound, WriteNotSupported, TypeMismatch,
        // ConfigurationError, MonitoredItemFilterInvalid, MonitoredItemFilterUnsupported, FilterNotAllowed.
        0x801F_0000 | 0x8033_0000..=0x803E_0000 | 0x8073_0000 | 0x8074_0000 | 0x8089_0000 | 0x8043_0000 | 0x8044_0000 | 0x8045_0000 => {
            Meaning::Address
        }
        // DeviceFailure, SensorFailure.
        0x808B_0000 | 0x808C_0000 => Meaning::Fault,
        // NoValue, NoData: there is something, but no value.
        0x80F0_0000 | 0x809B_0000 => Meaning::NotANumber,
        // UnexpectedError, InternalError, EncodingError: the server's own trouble.
        0x8001_0000 | 0x8002_0000 | 0x8006_0000 => Meaning::Fault,
        // NoCommunication, WaitingForInitialData, NotConnected, OutOfService, Timeout, ServerHalted, Shutdown and whatever else.
        _ => Meaning::Unreachable,
    }
}

/// The refusal that a bad status is; `doing` says of what.
pub fn refused(status: &Status, doing: &str) -> Refusal {
    let name = &status.name;
    match status.meaning() {
        Meaning::Fault => Refusal::Fault(format!("the server reports a fault ({name}) when it is {doing}")),
        Meaning::NotANumber => Refusal::NotANumber(format!("the server has no value for it ({name})")),
        Meaning::Unreachable => Refusal::Unreachable(format!("the server has no connection to what is behind it ({name})")),
        Meaning::Address | Meaning::Value(_) => Refusal::Address(format!("the server refuses to have it {doing} ({name}); {}", hint(status))),
    }
}

/// What to do about a refusal.
const fn hint(status: &Status) -> &'static str {
    match status.code & SUB_CODE {
        0x801F_0000 => "give the user of this connection the right to it",
        0x8033_0000 | 0x8034_0000 | 0x803E_0000 => "check the node id, and the namespace's number, which may change when the server starts",
        0x8036_0000 | 0x8037_0000 => "check the index; elements count from 0",
        0x803A_0000 => "allow reading it at the server",
        0x803B_0000 | 0x8073_0000 => "allow writing it at the server",
        0x803C_0000 => "the value is outside what the server allows",
        0x8074_0000 => "check the type",
        _ => "check the address at the server",
    }
}

/// The answer that a sample is, held against the configured type and whether one element of an array is meant.
pub fn answer(wanted: Option<ValueType>, sample: &Sample) -> Answer {
    let quality = match sample.status.meaning() {
        Meaning::Value(quality) => quality,
        _ => return Err(refused(&sample.status, "read")),
    };
    let (kind, raw) = match &sample.held {
        Held::Number(kind, number) => (*kind, Raw::Number(*number)),
        Held::Text(text) => (ValueType::String, Raw::Text(text.clone())),
        Held::Nothing => return Err(Refusal::NotANumber("the variable is empty (null)".into())),
        Held::Array(length) => {
            return Err(Refusal::Address(format!("the variable is an array of {length}; name an element, as in ns=2;index=0;s=Profile")));
        }
        Held::Other(name) => return Err(Refusal::Address(format!("the variable is a {name}, which is neither number nor text"))),
    };
    match wanted {
        Some(wanted) if wanted != kind => Err(Refusal::Address(format!("the variable is {kind}, but configured as {wanted}; correct the type"))),
        _ => Ok(Value { raw, quality, source_time: sample.source_time, historical: false }),
    }
}

/// The values of one notification in the order in which they came to be. A server lists a variable's values together, so two that changed at
/// once stand apart; their time brings them together again. One variable's values always stay in their order.
pub fn in_order(told: Vec<(PointNo, Sample)>) -> Vec<(PointNo, Sample)> {
    let mut latest: HashMap<PointNo, (Timestamp, u32)> = HashMap::new();
    let mut keyed: Vec<((Timestamp, u32), (PointNo, Sample))> = Vec::with_capacity(told.len());
    for (point, sample) in told {
        let shown = sample.source_time.or(sample.server_time).unwrap_or(Timestamp::from_micros(i64::MIN));
        let key = match latest.get(&point) {
            Some((before, nth)) if shown <= *before => (*before, nth + 1),
            _ => (shown, 0),
        };
        latest.insert(point, key);
        keyed.push((key, (point, sample)));
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, told)| told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(code: u32) -> Sample {
        let held = Held::Number(ValueType::Double, 61.5);
        Sample { status: Status { code, name: "Name".into() }, held, source_time: Some(Timestamp::from_secs(1)), server_time: None }
    }
    fn quality(code: u32) -> Quality {
        answer(None, &sample(code)).map_or_else(|refusal| refusal.quality(), |value| value.quality)
    }

    #[test]
    fn each_status_code_becomes_the_quality_that_it_means() {
        for (code, expected) in [
            (0x0000_0000, Quality::Good),
            (0x0030_0000, Quality::Good),                // GoodClamped
            (0x0000_0500, Quality::Good),                // at its low limit
            (0x0000_0480, Quality::Good),                // after an overflow
            (0x0096_0000, Quality::UncertainStale),      // GoodLocalOverride
            (0x4090_0000, Quality::UncertainStale),      // UncertainLastUsableValue
            (0x408F_0000, Quality::UncertainStale),      // UncertainNoCommunicationLastUsableValue
            (0x4094_0000, Quality::UncertainOutOfRange), // UncertainEngineeringUnitsExceeded
            (0x4094_0400, Quality::UncertainOutOfRange),
            (0x8034_0000, Quality::BadConfiguration),   // BadNodeIdUnknown
            (0x803A_0000, Quality::BadConfiguration),   // BadNotReadable
            (0x8074_0000, Quality::BadConfiguration),   // BadTypeMismatch
            (0x8031_0000, Quality::BadNoCommunication), // BadNoCommunication
            (0x8032_0000, Quality::BadNoCommunication), // BadWaitingForInitialData
            (0x808A_0000, Quality::BadNoCommunication), // BadNotConnected
            (0x808D_0000, Quality::BadNoCommunication), // BadOutOfService
            (0x808B_0000, Quality::BadDeviceFault),     // BadDeviceFailure
            (0x808C_0000, Quality::BadDeviceFault),     // BadSensorFailure
            (0x8000_0000, Quality::BadNoCommunication), // Bad, and no more said
            (0xFFFF_FFFF, Quality::BadNoCommunication), // reserved
        ] {
            assert_eq!(quality(code), expected, "{code:#010x}");
        }
        assert!(sample(0x0000_0480).status.has_overflowed());
        assert!(!sample(0x0000_0080).status.has_overflowed(), "only of a data value");
    }

    #[test]
    fn another_type_than_configured_is_never_a_value() {
        assert_eq!(answer(Some(ValueType::Float), &sample(0)).unwrap_err().quality(), Quality::BadConfiguration);
        let good = answer(Some(ValueType::Double), &sample(0)).unwrap();
        assert_eq!((good.raw, good.source_time), (Raw::Number(61.5), Some(Timestamp::from_secs(1))));
        for held in [Held::Array(3), Held::Other("Guid")] {
            let why = answer(None, &Sample { held, ..sample(0) }).unwrap_err();
            assert_eq!(why.quality(), Quality::BadConfiguration);
        }
        assert_eq!(answer(None, &Sample { held: Held::Nothing, ..sample(0) }).unwrap_err().quality(), Quality::BadNotANumber);
    }

    #[test]
    fn whatever_the_code_and_the_value_there_is_an_answer() {
        for high in 0..=0xFFFFu32 {
            drop(answer(None, &sample(high << 16 | 0x0480)));
            drop(refused(&Status { code: high << 16, name: String::new() }, "written"));
        }
    }

    #[test]
    fn what_changed_together_stands_together_and_each_variable_keeps_its_order() {
        let at = |point: PointNo, second: i64, number: f64| {
            (point, Sample { held: Held::Number(ValueType::Double, number), source_time: Some(Timestamp::from_secs(second)), ..sample(0) })
        };
        let told = vec![at(0, 1, 1.0), at(0, 2, 2.0), at(0, 2, 3.0), at(0, 1, 4.0), at(1, 1, 10.0), at(1, 2, 20.0), at(1, 2, 30.0), at(1, 1, 40.0)];
        let ordered = in_order(told).into_iter().map(|(point, sample)| match sample.held {
            Held::Number(_, number) => (point, number),
            other => panic!("{other:?}"),
        });
        let expected = [(0, 1.0), (1, 10.0), (0, 2.0), (1, 20.0), (0, 3.0), (1, 30.0), (0, 4.0), (1, 40.0)];
        assert_eq!(ordered.collect::<Vec<_>>(), expected);
    }
}
