//! Between the bytes of an item and a point's value. Pure.

use super::{
    address::{Address, Area},
    value::{self, DoesNotFit, NUMBERS, NoValue, ValueType},
};
use crate::protocol::{Answer, Raw, Refusal, Value};

/// What is written: whole bytes, or one bit, which leaves the byte's other seven alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub area: Area,
    pub byte: u16,
    /// `Some` if it is a bit.
    pub bit: Option<u8>,
    pub bytes: Vec<u8>,
}

/// The point's value from an item that begins at `start`.
pub fn answer(address: &Address, start: u16, bytes: &[u8]) -> Answer {
    match raw(address, address.kind(), start, bytes) {
        Ok(raw) => Ok(Value::good(raw)),
        Err(why) => Err(Refusal::Address(why.to_string())),
    }
}

fn raw(address: &Address, kind: ValueType, start: u16, bytes: &[u8]) -> Result<Raw, NoValue> {
    let from = usize::from(address.byte().checked_sub(start).ok_or(NoValue::TooShort)?);
    let bytes = bytes.get(from..from + usize::from(address.width())).ok_or(NoValue::TooShort)?;
    value::decode(kind, address.bit(), bytes)
}

/// What the same bytes are as other numbers of this width.
pub fn others(address: &Address, start: u16, bytes: &[u8]) -> Vec<(String, f64)> {
    let is_other = |kind: &&ValueType| **kind != address.kind() && **kind != ValueType::Bool && kind.width() == address.width();
    let number = |kind: &ValueType| match raw(address, *kind, start, bytes) {
        Ok(Raw::Number(number)) => Some((kind.to_string(), number)),
        _ => None,
    };
    if address.kind() == ValueType::Bool || address.kind().is_text() {
        return vec![];
    }
    NUMBERS.iter().filter(is_other).filter_map(number).collect()
}

/// The bytes that say it.
pub fn outgoing(address: &Address, raw: f64) -> Result<Outgoing, DoesNotFit> {
    let bit = (address.kind() == ValueType::Bool).then(|| address.bit());
    Ok(Outgoing { area: address.area(), byte: address.byte(), bit, bytes: value::encode(address.kind(), raw)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    #[test]
    fn a_value_is_cut_out_of_the_item_that_holds_it() {
        let bytes = [0, 0, 0, 0, 0b10, 0, 0xFF, 0xFE];
        assert_eq!(answer(&at("DB1.DBX104.1"), 100, &bytes), Ok(Value::number(1.0)));
        assert_eq!(answer(&at("DB1.DBX104.0"), 100, &bytes), Ok(Value::number(0.0)));
        assert_eq!(answer(&at("DB1.DBW106:INT"), 100, &bytes), Ok(Value::number(-2.0)));
        assert_eq!(others(&at("DB1.DBW106:INT"), 100, &bytes), [("WORD".to_string(), 65_534.0)]);
    }

    #[test]
    fn an_item_that_is_too_short_or_begins_too_late_is_no_value() {
        assert!(matches!(answer(&at("DB1.DBD106:REAL"), 100, &[0; 8]), Err(Refusal::Address(_))));
        assert!(matches!(answer(&at("DB1.DBD96:REAL"), 100, &[0; 8]), Err(Refusal::Address(_))));
    }

    #[test]
    fn a_bit_is_written_as_a_bit_and_a_word_as_its_bytes() {
        let bit = Outgoing { area: Area::Memory, byte: 2, bit: Some(7), bytes: vec![1] };
        assert_eq!(outgoing(&at("M2.7"), 1.0), Ok(bit));
        let word = Outgoing { area: Area::Block(3), byte: 8, bit: None, bytes: vec![0xFF, 0xFB] };
        assert_eq!(outgoing(&at("DB3.DBW8:INT"), -5.0), Ok(word));
        assert!(outgoing(&at("M2.7"), 2.0).is_err());
    }
}
