//! The register map of the first pump's controller: measured values as f32 pairs and scaled i16 input registers, setpoints as f32 pairs in holding registers.
//!
//! | table | address | what |
//! |---|---|---|
//! | input | 0, 2, 4, 6, 8, 10 | flow, pressure, bearing temperature, vibration, motor current, speed as f32 |
//! | input | 12 | valve position, i16, 0.01 % |
//! | input | 13 | motor temperature, i16, 0.01 degC |
//! | input | 14 | seconds since the plant was started, u32 |
//! | holding | 0, 2 | speed setpoint (rpm), valve setpoint (%) as f32 |

use super::{
    channel::{Channel, Setpoint},
    pump::Pump,
};
use crate::modbus::{
    address::{Address, Table, parse_address},
    value::{ByteOrder, ValueType, encode},
};

/// Where a measured quantity stands, and its scale.
pub(super) fn place(channel: Channel) -> (Address, f64) {
    let (spelling, scale) = match channel {
        Channel::Flow => ("input:0:f32", 1.0),
        Channel::Pressure => ("input:2:f32", 1.0),
        Channel::BearingTemperature => ("input:4:f32", 1.0),
        Channel::Vibration => ("input:6:f32", 1.0),
        Channel::MotorCurrent => ("input:8:f32", 1.0),
        Channel::Speed => ("input:10:f32", 1.0),
        Channel::ValvePosition => ("input:12:i16", 0.01),
        Channel::MotorTemperature => ("input:13:i16", 0.01),
    };
    (parse_address(spelling).expect("the map above holds addresses"), scale)
}

/// Where a setpoint is given.
pub(super) fn setpoint_place(setpoint: Setpoint) -> Address {
    let spelling = match setpoint {
        Setpoint::Speed => "holding:0:f32",
        Setpoint::Valve => "holding:2:f32",
    };
    parse_address(spelling).expect("the map above holds addresses")
}

const SECONDS: u16 = 14;

/// What a controller answers instead of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    Address,
    Value,
    Table,
}

pub(super) fn read(pump: &Pump, table: Table, start: u16, count: u16) -> Result<Vec<u16>, No> {
    let image = match table {
        Table::Input => measured(pump),
        Table::Holding => Setpoint::ALL.iter().flat_map(|setpoint| registers(ValueType::F32, pump.told(*setpoint))).collect(),
        Table::Coil | Table::Discrete => return Err(No::Table),
    };
    let (from, to) = (usize::from(start), usize::from(start) + usize::from(count));
    image.get(from..to).filter(|words| !words.is_empty()).map(<[u16]>::to_vec).ok_or(No::Address)
}

fn measured(pump: &Pump) -> Vec<u16> {
    let of_channel = |(channel, value): (Channel, f64)| {
        let (address, scale) = place(channel);
        registers(address.kind(), value / scale)
    };
    let mut image: Vec<u16> = pump.shown().flat_map(of_channel).collect();
    debug_assert_eq!(image.len(), usize::from(SECONDS));
    image.extend(registers(ValueType::U32, (pump.seconds() % (1 << 32)) as f64));
    image
}

/// A whole setpoint, or several side by side. Half of one is refused: it would be a wild number for a moment.
pub(super) fn write(pump: &mut Pump, start: u16, words: &[u16]) -> Result<(), No> {
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return Err(No::Address);
    }
    let mut told = Vec::new();
    for (index, pair) in words.chunks(2).enumerate() {
        let at = start.checked_add(2 * index as u16).ok_or(No::Address)?;
        let setpoint = Setpoint::ALL.into_iter().find(|setpoint| setpoint_place(*setpoint).offset() == at).ok_or(No::Address)?;
        let value = crate::modbus::value::decode(ValueType::F32, ByteOrder::Abcd, pair).ok_or(No::Value)?;
        if !setpoint.range().holds(value) {
            return Err(No::Value);
        }
        told.push((setpoint, value));
    }
    let all_taken = told.into_iter().all(|(setpoint, value)| pump.tell(setpoint, value));
    if all_taken { Ok(()) } else { Err(No::Value) }
}

/// Sensors' ranges fit their registers, so nothing shown is ever cut; a zero would stand for one that did not.
fn registers(kind: ValueType, value: f64) -> Vec<u16> {
    encode(kind, ByteOrder::Abcd, value).unwrap_or_else(|_out_of_range| vec![0; usize::from(kind.registers())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{scenario::Scenario, world::World};

    fn pump() -> Pump {
        World::new(1, 1, Scenario::normal()).pumps()[0].clone()
    }

    #[test]
    fn every_value_stands_where_the_map_says() {
        let pump = pump();
        for (channel, value) in pump.shown() {
            let (address, scale) = place(channel);
            let words = read(&pump, Table::Input, address.offset(), address.width()).unwrap();
            let stands = crate::modbus::value::decode(address.kind(), ByteOrder::Abcd, &words).unwrap() * scale;
            assert!((stands - value).abs() < 0.006, "{}: {stands} instead of {value}", channel.name());
        }
        assert_eq!(read(&pump, Table::Input, 15, 2), Err(No::Address));
        assert_eq!(read(&pump, Table::Coil, 0, 1), Err(No::Table));
    }

    #[test]
    fn a_setpoint_is_taken_whole_and_within_reason() {
        let mut pump = pump();
        let slower = registers(ValueType::F32, 888.0);
        assert_eq!(write(&mut pump, 0, &slower), Ok(()));
        assert_eq!(pump.told(Setpoint::Speed), 888.0);
        assert_eq!(write(&mut pump, 0, &slower[..1]), Err(No::Address));
        assert_eq!(write(&mut pump, 1, &slower), Err(No::Address));
        for wild in [9_000.0, -1.0] {
            assert_eq!(write(&mut pump, 0, &registers(ValueType::F32, wild)), Err(No::Value));
        }
        assert_eq!(write(&mut pump, 0, &[0x7FC0, 0]), Err(No::Value));
        assert_eq!(pump.told(Setpoint::Speed), 888.0);
    }
}
