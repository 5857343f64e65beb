//! The library's values as ours, and numbers as the library's.

use super::{
    decode::{Held, Sample, Status},
    value::ValueType,
};
use millwright_domain::Timestamp;
use opcua::types::{Array, DataValue, DateTime, StatusCode, Variant};

/// `element`: one element was asked for, which a server sends as an array of one.
pub(super) fn sample(value: DataValue, element: bool) -> Sample {
    let status = value.status.map_or_else(|| Status { code: Status::GOOD, name: String::new() }, status);
    let held = match (value.value, element) {
        (Some(Variant::Array(array)), true) => first(*array),
        (Some(variant), _) => held(&variant),
        (None, _) => Held::Nothing,
    };
    Sample { status, held, source_time: value.source_timestamp.and_then(time), server_time: value.server_timestamp.and_then(time) }
}

pub(super) fn status(code: StatusCode) -> Status {
    // A good value's name is never shown, and most values are good.
    let name = if code.is_bad() { code.to_string() } else { String::new() };
    Status { code: code.bits(), name }
}

fn first(array: Array) -> Held {
    match array.values.as_slice() {
        [only] => held(only),
        values => Held::Array(values.len()),
    }
}

fn held(variant: &Variant) -> Held {
    let number = |kind, number| Held::Number(kind, number);
    match variant {
        Variant::Empty => Held::Nothing,
        Variant::Boolean(on) => number(ValueType::Boolean, f64::from(u8::from(*on))),
        Variant::SByte(value) => number(ValueType::SByte, f64::from(*value)),
        Variant::Byte(value) => number(ValueType::Byte, f64::from(*value)),
        Variant::Int16(value) => number(ValueType::Int16, f64::from(*value)),
        Variant::UInt16(value) => number(ValueType::UInt16, f64::from(*value)),
        Variant::Int32(value) => number(ValueType::Int32, f64::from(*value)),
        Variant::UInt32(value) => number(ValueType::UInt32, f64::from(*value)),
        Variant::Int64(value) => number(ValueType::Int64, *value as f64),
        Variant::UInt64(value) => number(ValueType::UInt64, *value as f64),
        Variant::Float(value) => number(ValueType::Float, f64::from(*value)),
        Variant::Double(value) => number(ValueType::Double, *value),
        Variant::String(text) => text.value().as_ref().map_or(Held::Nothing, |text| Held::Text(text.clone())),
        Variant::Array(array) => Held::Array(array.values.len()),
        Variant::DateTime(_) => Held::Other("DateTime"),
        Variant::Guid(_) => Held::Other("Guid"),
        Variant::StatusCode(_) => Held::Other("StatusCode"),
        Variant::ByteString(_) => Held::Other("ByteString"),
        Variant::XmlElement(_) => Held::Other("XmlElement"),
        Variant::QualifiedName(_) => Held::Other("QualifiedName"),
        Variant::LocalizedText(_) => Held::Other("LocalizedText"),
        Variant::NodeId(_) | Variant::ExpandedNodeId(_) => Held::Other("NodeId"),
        Variant::ExtensionObject(_) => Held::Other("structure"),
        Variant::Variant(_) | Variant::DataValue(_) | Variant::DiagnosticInfo(_) => Held::Other("value of no fixed type"),
    }
}

/// The protocol's earliest and latest times mean that there is none.
fn time(time: DateTime) -> Option<Timestamp> {
    let has_one = !time.is_null() && time.ticks() < DateTime::endtimes_ticks();
    has_one.then(|| time.as_chrono().into())
}

/// The number as the variable's own type. The caller has rounded it to what the type holds.
pub(super) fn variant(kind: ValueType, number: f64) -> Variant {
    match kind {
        ValueType::Boolean => Variant::Boolean(number != 0.0),
        ValueType::SByte => Variant::SByte(number as i8),
        ValueType::Byte => Variant::Byte(number as u8),
        ValueType::Int16 => Variant::Int16(number as i16),
        ValueType::UInt16 => Variant::UInt16(number as u16),
        ValueType::Int32 => Variant::Int32(number as i32),
        ValueType::UInt32 => Variant::UInt32(number as u32),
        ValueType::Int64 => Variant::Int64(number as i64),
        ValueType::UInt64 => Variant::UInt64(number as u64),
        ValueType::Float => Variant::Float(number as f32),
        ValueType::Double => Variant::Double(number),
        ValueType::String => Variant::String(number.to_string().into()),
    }
}

/// The type whose number in the protocol's own namespace this is.
pub(super) fn built_in(id: u32) -> Option<ValueType> {
    ValueType::ALL.get(usize::try_from(id).ok()?.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opc_ua::decode;
    use opcua::types::{BinaryDecodable, ContextOwned};
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn a_number_comes_back_as_it_was_made_in_every_type() {
        for kind in ValueType::ALL.into_iter().filter(|kind| *kind != ValueType::String) {
            assert_eq!(held(&variant(kind, 1.0)), Held::Number(kind, 1.0));
        }
        assert_eq!(
            (built_in(0), built_in(1), built_in(11), built_in(12)),
            (None, Some(ValueType::Boolean), Some(ValueType::Double), Some(ValueType::String))
        );
        assert_eq!(built_in(13), None);
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_as_a_value_is_an_answer_or_no_value(mask in 0u8..64, kind in 0u8..=255, bytes in vec(any::<u8>(), 0..64)) {
            let sent: Vec<u8> = [mask, kind].into_iter().chain(bytes).collect();
            let ours = ContextOwned::default();
            if let Ok(value) = DataValue::decode(&mut sent.as_slice(), &ours.context()) {
                let answer = decode::answer(None, &sample(value.clone(), false));
                prop_assert!(answer.is_ok_and(|value| !value.quality.is_bad()) || decode::answer(None, &sample(value.clone(), false)).is_err());
                drop(decode::answer(Some(ValueType::Double), &sample(value, true)));
            }
        }
    }

    #[test]
    fn times_that_mean_none_are_none() {
        assert_eq!((time(DateTime::null()), time(DateTime::endtimes())), (None, None));
        assert_eq!(time(DateTime::ymd(1970, 1, 2)), Some(Timestamp::from_secs(86_400)));
    }

    #[test]
    fn one_element_is_its_value_and_an_array_is_none() {
        let array = || DataValue::value_only(vec![1.5f64]);
        assert_eq!(sample(array(), true).held, Held::Number(ValueType::Double, 1.5));
        assert_eq!(sample(array(), false).held, Held::Array(1));
        assert_eq!(sample(DataValue::value_only(vec![1.0f64, 2.0]), true).held, Held::Array(2));
    }
}
