//! The register map of the pumps behind the gateway, by another vendor: all in holding registers, scaled integers and word-swapped floats.
//!
//! | holding register | what |
//! |---|---|
//! | 0 | flow, u16, 0.1 l/min |
//! | 1 | pressure, u16, 0.001 bar |
//! | 2, 3 | bearing temperature, motor temperature, i16, 0.1 degC |
//! | 4 | speed, u16, 0.1 rpm |
//! | 5 | valve position, i16, 0.1 % |
//! | 6, 8 | vibration, motor current as f32, byte order CDAB |
//! | 10 | seconds since the plant was started, u32, byte order CDAB |
//! | 12 | status word: bit 0 is set while the pump turns |
//! | 100, 101 | speed setpoint, u16, 0.1 rpm; valve setpoint, u16, 0.1 % |
//!
//! Units 4 and 5 are the fourth and fifth pump.

use super::{
    channel::{Channel, Setpoint},
    pump::Pump,
    registers::No,
};
use crate::modbus::{
    address::{Address, parse_address},
    value::{ByteOrder, ValueType, encode},
};

/// The pump that answers to this unit number.
pub(super) fn place(unit: u8) -> Option<usize> {
    matches!(unit, 4 | 5).then(|| usize::from(unit) - 1)
}

/// Where a measured quantity stands, and its scale.
pub(super) fn channel_place(channel: Channel) -> (Address, f64) {
    let (spelling, scale) = match channel {
        Channel::Flow => ("holding:0:u16", 0.1),
        Channel::Pressure => ("holding:1:u16", 0.001),
        Channel::BearingTemperature => ("holding:2:i16", 0.1),
        Channel::MotorTemperature => ("holding:3:i16", 0.1),
        Channel::Speed => ("holding:4:u16", 0.1),
        Channel::ValvePosition => ("holding:5:i16", 0.1),
        Channel::Vibration => ("holding:6:f32", 1.0),
        Channel::MotorCurrent => ("holding:8:f32", 1.0),
    };
    (parse_address(spelling).expect("the map above holds addresses"), scale)
}

/// Where a setpoint is given, and its scale.
pub(super) fn setpoint_place(setpoint: Setpoint) -> (Address, f64) {
    let spelling = match setpoint {
        Setpoint::Speed => "holding:100:u16",
        Setpoint::Valve => "holding:101:u16",
    };
    (parse_address(spelling).expect("the map above holds addresses"), 0.1)
}

pub(super) const ORDER: ByteOrder = ByteOrder::Cdab;
const SECONDS: u16 = 10;
const STATUS: u16 = 12;
const SETPOINTS: u16 = 100;

pub(super) fn read(pump: &Pump, start: u16, count: u16) -> Result<Vec<u16>, No> {
    let (first, block) = if start < SETPOINTS { (0, measured(pump)) } else { (SETPOINTS, told(pump)) };
    let from = usize::from(start - first);
    block.get(from..from + usize::from(count)).filter(|words| !words.is_empty()).map(<[u16]>::to_vec).ok_or(No::Address)
}

fn measured(pump: &Pump) -> Vec<u16> {
    let mut block = vec![0; usize::from(STATUS) + 1];
    for (channel, value) in pump.shown() {
        let (address, scale) = channel_place(channel);
        put(&mut block, address.offset(), address.kind(), value / scale);
    }
    put(&mut block, SECONDS, ValueType::U32, (pump.seconds() % (1 << 32)) as f64);
    put(&mut block, STATUS, ValueType::U16, f64::from(u8::from(pump.is_running())));
    block
}

fn told(pump: &Pump) -> Vec<u16> {
    let mut block = vec![0; Setpoint::ALL.len()];
    for setpoint in Setpoint::ALL {
        let (address, scale) = setpoint_place(setpoint);
        put(&mut block, address.offset() - SETPOINTS, address.kind(), pump.told(setpoint) / scale);
    }
    block
}

/// Sensors' ranges fit their registers; a zero would stand for a value that did not.
fn put(block: &mut [u16], at: u16, kind: ValueType, value: f64) {
    let words = encode(kind, ORDER, value).unwrap_or_default();
    block.iter_mut().skip(at.into()).zip(words).for_each(|(register, word)| *register = word);
}

/// All of it or nothing.
pub(super) fn write(pump: &mut Pump, start: u16, words: &[u16]) -> Result<(), No> {
    let mut given = Vec::new();
    for (at, word) in (usize::from(start)..).zip(words) {
        let here = |setpoint: &Setpoint| usize::from(setpoint_place(*setpoint).0.offset()) == at;
        let setpoint = Setpoint::ALL.into_iter().find(here).ok_or(No::Address)?;
        let value = f64::from(*word) * setpoint_place(setpoint).1;
        if !setpoint.range().holds(value) {
            return Err(No::Value);
        }
        given.push((setpoint, value));
    }
    given.into_iter().for_each(|(setpoint, value)| {
        pump.tell(setpoint, value);
    });
    if words.is_empty() { Err(No::Address) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        modbus::value::decode,
        simulator::{scenario::Scenario, world::World},
    };

    fn pump() -> Pump {
        World::new(5, 1, Scenario::normal()).pumps()[3].clone()
    }

    #[test]
    fn every_value_stands_where_the_map_says() {
        let pump = pump();
        for (channel, value) in pump.shown() {
            let (address, scale) = channel_place(channel);
            let words = read(&pump, address.offset(), address.width()).unwrap();
            let stands = decode(address.kind(), ORDER, &words).unwrap() * scale;
            assert!((stands - value).abs() < 0.051, "{}: {stands} instead of {value}", channel.name());
        }
        assert_eq!(read(&pump, 12, 1), Ok(vec![1]));
        assert_eq!(read(&pump, 100, 2), Ok(vec![14_800, 700]));
        for (start, count) in [(12, 2), (13, 1), (99, 2), (101, 2), (65_535, 2), (0, 0)] {
            assert_eq!(read(&pump, start, count), Err(No::Address), "{start}, {count}");
        }
    }

    #[test]
    fn setpoints_are_taken_alone_or_together_or_not_at_all() {
        let mut pump = pump();
        assert_eq!(write(&mut pump, 101, &[400]), Ok(()));
        assert_eq!(write(&mut pump, 100, &[8_880, 500]), Ok(()));
        assert_eq!((pump.told(Setpoint::Speed), pump.told(Setpoint::Valve)), (888.0, 50.0));
        assert_eq!(write(&mut pump, 100, &[9_000, 1_001]), Err(No::Value));
        assert_eq!(write(&mut pump, 99, &[1, 9_000]), Err(No::Address));
        assert_eq!(write(&mut pump, 65_535, &[1, 2]), Err(No::Address));
        assert_eq!((pump.told(Setpoint::Speed), pump.told(Setpoint::Valve)), (888.0, 50.0));
    }
}
