//! From the answer of a request to readings with qualities. Pure.

use super::{
    config::Point,
    link::ReadFailed,
    value,
    wire::{Exception, Items},
};
use millwright_domain::reading::{Quality, Reading};

/// The point's reading from an answer that begins at `start`.
pub fn reading(point: &Point, start: u16, items: &Items) -> Reading {
    let Some(raw) = raw(point, start, items) else {
        return Reading::missing(point.signal.clone(), Quality::BadConfiguration);
    };
    let scaled = raw * point.scale + point.offset;
    let quality = match point.range {
        Some(range) if !range.holds(scaled) => Quality::UncertainOutOfRange,
        _ => Quality::Good,
    };
    Reading::with_quality(point.signal.clone(), scaled, quality)
}

/// The point's reading when there is no answer.
pub fn absence(point: &Point, why: &ReadFailed) -> Reading {
    Reading::missing(point.signal.clone(), quality_of(why))
}

pub fn quality_of(why: &ReadFailed) -> Quality {
    match why {
        ReadFailed::Refused(Exception::IllegalFunction | Exception::IllegalAddress | Exception::IllegalValue) => Quality::BadConfiguration,
        ReadFailed::Refused(Exception::Device(_)) => Quality::BadDeviceFault,
        ReadFailed::Refused(Exception::Gateway(_)) | ReadFailed::NoAnswer(_) | ReadFailed::NotAsked(_) => Quality::BadNoCommunication,
    }
}

/// The number as it stands in the device, before scale and offset.
pub fn raw(point: &Point, start: u16, items: &Items) -> Option<f64> {
    let from = usize::from(point.address.offset().checked_sub(start)?);
    match items {
        Items::Bits(bits) => bits.get(from).map(|on| f64::from(u8::from(*on))),
        Items::Registers(words) => {
            let words = words.get(from..from + usize::from(point.address.width()))?;
            match point.address.bit() {
                Some(bit) => words.first().map(|word| f64::from(big_endian(point, *word) >> bit & 1)),
                None => value::decode(point.address.kind(), point.order, words),
            }
        }
    }
}

/// A single register in the device's byte order, as a big-endian word.
fn big_endian(point: &Point, word: u16) -> u16 {
    // A u16 always decodes, and to a number that a u16 holds.
    value::decode(value::ValueType::U16, point.order, &[word]).map_or(word, |number| number as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::value::ByteOrder;
    use millwright_domain::plant::Range;

    fn point(address: &str) -> Point {
        Point {
            signal: "pump/flow".parse().unwrap(),
            unit: 1,
            address: address.parse().unwrap(),
            order: ByteOrder::Abcd,
            scale: 1.0,
            offset: 0.0,
            class: 0,
            range: None,
            writable: false,
        }
    }

    #[test]
    fn a_scaled_value_keeps_its_sign_and_its_range() {
        let scaled = Point { scale: 0.1, offset: 5.0, range: Some(Range { low: 0.0, high: 100.0 }), ..point("input:3:i16") };
        let cold = reading(&scaled, 2, &Items::Registers(vec![0, (-500i16) as u16]));
        assert_eq!((cold.value(), cold.quality()), (Some(-45.0), Quality::UncertainOutOfRange));
        assert_eq!(reading(&scaled, 3, &Items::Registers(vec![100])).good(), Some(15.0));
    }

    #[test]
    fn a_float_that_is_no_number_is_bad() {
        let reading = reading(&point("holding:0:f32"), 0, &Items::Registers(vec![0x7FC0, 0]));
        assert_eq!((reading.value(), reading.quality()), (None, Quality::BadNotANumber));
    }

    #[test]
    fn one_bit_of_a_register_is_a_state() {
        let bits = Items::Registers(vec![0b1000]);
        assert_eq!(reading(&point("holding:0.3"), 0, &bits).good(), Some(1.0));
        assert_eq!(reading(&point("holding:0.2"), 0, &bits).good(), Some(0.0));
        assert_eq!(reading(&point("coil:1"), 0, &Items::Bits(vec![false, true])).good(), Some(1.0));
    }

    #[test]
    fn every_reason_for_silence_has_its_quality() {
        assert_eq!(quality_of(&ReadFailed::Refused(Exception::IllegalAddress)), Quality::BadConfiguration);
        assert_eq!(quality_of(&ReadFailed::Refused(Exception::Device(4))), Quality::BadDeviceFault);
        assert_eq!(quality_of(&ReadFailed::Refused(Exception::Gateway(11))), Quality::BadNoCommunication);
        assert_eq!(quality_of(&ReadFailed::NoAnswer("late".into())), Quality::BadNoCommunication);
    }

    #[test]
    fn an_answer_that_is_too_short_is_no_value() {
        assert_eq!(reading(&point("holding:4:f32"), 4, &Items::Registers(vec![1])).quality(), Quality::BadConfiguration);
    }
}
