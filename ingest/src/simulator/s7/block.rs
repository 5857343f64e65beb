//! Data block 1 of the second pump's controller. Not optimised: every value has its place.
//!
//! | address | type | what |
//! |---|---|---|
//! | DB1.DBD0, 4, 8, 12, 16, 20 | REAL | flow, pressure, bearing temperature, vibration, motor current, speed |
//! | DB1.DBW24 | INT | valve position, 0.01 % |
//! | DB1.DBW26 | INT | motor temperature, 0.01 degC |
//! | DB1.DBD28 | DWORD | seconds since the plant was started |
//! | DB1.DBX32.0 | BOOL | the pump turns |
//! | DB1.DBD34, DB1.DBD38 | REAL | speed setpoint (rpm), valve setpoint (%); the only ones that can be written |

use super::super::{
    channel::{Channel, Setpoint},
    pump::Pump,
};

pub(super) const NUMBER: u16 = 1;
pub(super) const LENGTH: usize = 42;

const SECONDS: usize = 28;
const RUNNING: usize = 32;
const SETPOINTS: usize = 34;

/// What the controller answers instead of a value; the numbers are S7's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum No {
    Access = 0x03,
    Range = 0x05,
    Type = 0x06,
    Missing = 0x0A,
}

pub(super) fn channel_place(channel: Channel) -> (&'static str, f64) {
    match channel {
        Channel::Flow => ("DB1.DBD0:REAL", 1.0),
        Channel::Pressure => ("DB1.DBD4:REAL", 1.0),
        Channel::BearingTemperature => ("DB1.DBD8:REAL", 1.0),
        Channel::Vibration => ("DB1.DBD12:REAL", 1.0),
        Channel::MotorCurrent => ("DB1.DBD16:REAL", 1.0),
        Channel::Speed => ("DB1.DBD20:REAL", 1.0),
        Channel::ValvePosition => ("DB1.DBW24:INT", 0.01),
        Channel::MotorTemperature => ("DB1.DBW26:INT", 0.01),
    }
}

pub(super) fn setpoint_place(setpoint: Setpoint) -> &'static str {
    match setpoint {
        Setpoint::Speed => "DB1.DBD34:REAL",
        Setpoint::Valve => "DB1.DBD38:REAL",
    }
}

/// All bytes of the block at this moment.
pub(super) fn image(pump: &Pump) -> Vec<u8> {
    let mut image = Vec::with_capacity(LENGTH);
    for (channel, value) in pump.shown() {
        match channel_place(channel) {
            (place, scale) if place.ends_with("INT") => image.extend(((value / scale).round() as i16).to_be_bytes()),
            _ => image.extend((value as f32).to_be_bytes()),
        }
    }
    debug_assert_eq!(image.len(), SECONDS);
    image.extend(((pump.seconds() % (1 << 32)) as u32).to_be_bytes());
    debug_assert_eq!(image.len(), RUNNING);
    image.extend([u8::from(pump.is_running()), 0]);
    debug_assert_eq!(image.len(), SETPOINTS);
    Setpoint::ALL.into_iter().for_each(|setpoint| image.extend((pump.told(setpoint) as f32).to_be_bytes()));
    image
}

/// A whole setpoint, or both. Half of one would be a wild number for a moment.
pub(super) fn write(pump: &mut Pump, at: usize, bytes: &[u8]) -> Result<(), No> {
    if at + bytes.len() > LENGTH {
        return Err(No::Range);
    }
    let is_whole = at >= SETPOINTS && (at - SETPOINTS).is_multiple_of(4) && bytes.len().is_multiple_of(4) && !bytes.is_empty();
    if !is_whole {
        return Err(No::Access);
    }
    let values = bytes.chunks_exact(4).map(|real| f64::from(f32::from_be_bytes([real[0], real[1], real[2], real[3]])));
    let given: Vec<(Setpoint, f64)> = Setpoint::ALL.into_iter().skip((at - SETPOINTS) / 4).zip(values).collect();
    if !given.iter().all(|(setpoint, value)| setpoint.range().holds(*value)) {
        return Err(No::Access);
    }
    given.into_iter().for_each(|(setpoint, value)| {
        pump.tell(setpoint, value);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{scenario::Scenario, world::World};

    fn pump() -> Pump {
        World::new(2, 1, Scenario::normal()).pumps()[1].clone()
    }

    #[test]
    fn every_value_stands_where_the_map_says() {
        let pump = pump();
        let image = image(&pump);
        assert_eq!(image.len(), LENGTH);
        for (channel, value) in pump.shown() {
            let (place, scale) = channel_place(channel);
            let at: usize = place.trim_start_matches("DB1.DBD").trim_start_matches("DB1.DBW").split(':').next().unwrap().parse().unwrap();
            let stands = match place.ends_with("REAL") {
                true => f64::from(f32::from_be_bytes(image[at..at + 4].try_into().unwrap())),
                false => f64::from(i16::from_be_bytes(image[at..at + 2].try_into().unwrap())),
            };
            assert!((stands * scale - value).abs() < 0.006, "{}: {stands} instead of {value}", channel.name());
        }
        assert_eq!(image[RUNNING] & 1, 1);
        assert_eq!(image[SETPOINTS..SETPOINTS + 4], 1_480.0f32.to_be_bytes());
    }

    #[test]
    fn a_setpoint_is_taken_whole_and_within_reason() {
        let mut pump = pump();
        let slower = 888.0f32.to_be_bytes();
        assert_eq!(write(&mut pump, 34, &slower), Ok(()));
        assert_eq!(pump.told(Setpoint::Speed), 888.0);
        assert_eq!(write(&mut pump, 34, &slower[..2]), Err(No::Access));
        assert_eq!(write(&mut pump, 20, &slower), Err(No::Access));
        assert_eq!(write(&mut pump, 40, &slower), Err(No::Range));
        for wild in [9_000.0f32, -1.0, f32::NAN] {
            assert_eq!(write(&mut pump, 34, &wild.to_be_bytes()), Err(No::Access));
        }
        assert_eq!(pump.told(Setpoint::Speed), 888.0);
    }
}
