//! Between the items of an answer and a point's number. Pure.

use super::{
    Slot,
    address::Table,
    value::{self, DoesNotFit},
    wire::{Items, Outgoing},
};
use crate::protocol::{Answer, Refusal, Value};

/// The point's value from an answer that begins at `start`.
pub(super) fn answer(slot: &Slot, start: u16, items: &Items) -> Answer {
    match raw(slot, start, items) {
        Some(number) => Ok(Value::number(number)),
        None => Err(Refusal::Address("the answer is too short for this type".into())),
    }
}

/// The number as it stands in the device.
pub(super) fn raw(slot: &Slot, start: u16, items: &Items) -> Option<f64> {
    let from = usize::from(slot.address.offset().checked_sub(start)?);
    match items {
        Items::Bits(bits) => bits.get(from).map(|on| f64::from(u8::from(*on))),
        Items::Registers(words) => {
            let words = words.get(from..from + usize::from(slot.address.width()))?;
            match slot.address.bit() {
                Some(bit) => words.first().map(|word| f64::from(big_endian(slot, *word) >> bit & 1)),
                None => value::decode(slot.address.kind(), slot.order, words),
            }
        }
    }
}

/// A single register in the device's byte order, as a big-endian word.
fn big_endian(slot: &Slot, word: u16) -> u16 {
    // A u16 always decodes, and to a number that a u16 holds.
    value::decode(value::ValueType::U16, slot.order, &[word]).map_or(word, |number| number as u16)
}

/// The registers that say it.
pub(super) fn outgoing(slot: &Slot, raw: f64) -> Result<Outgoing, DoesNotFit> {
    let start = slot.address.offset();
    match slot.address.table() {
        Table::Coil => Ok(Outgoing::Coil { at: start, on: value::as_bit(raw)? }),
        _ => Ok(Outgoing::Registers { start, words: value::encode(slot.address.kind(), slot.order, raw)? }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::value::ByteOrder;

    fn slot(address: &str) -> Slot {
        Slot { unit: 1, address: address.parse().unwrap(), order: ByteOrder::Abcd }
    }

    #[test]
    fn one_bit_of_a_register_is_a_state() {
        let bits = Items::Registers(vec![0b1000]);
        assert_eq!(raw(&slot("holding:0.3"), 0, &bits), Some(1.0));
        assert_eq!(raw(&slot("holding:0.2"), 0, &bits), Some(0.0));
        assert_eq!(raw(&slot("coil:1"), 0, &Items::Bits(vec![false, true])), Some(1.0));
    }

    #[test]
    fn an_answer_that_is_too_short_is_no_value() {
        assert!(matches!(answer(&slot("holding:4:f32"), 4, &Items::Registers(vec![1])), Err(Refusal::Address(_))));
    }

    #[test]
    fn a_value_is_sent_in_the_registers_order_or_refused_before_sending() {
        let swapped = Slot { order: ByteOrder::Cdab, ..slot("holding:6:u32") };
        assert_eq!(outgoing(&swapped, 65_537.0), Ok(Outgoing::Registers { start: 6, words: vec![1, 1] }));
        assert!(outgoing(&slot("holding:5:i16"), 60_000.0).is_err());
        assert!(outgoing(&slot("coil:5"), 2.0).is_err());
        assert_eq!(outgoing(&slot("coil:5"), 1.0), Ok(Outgoing::Coil { at: 5, on: true }));
    }
}
