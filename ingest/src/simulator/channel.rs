//! The pumps of the simulated plant, the eight measured quantities and two setpoints of each: names, units, what each sensor is like.

use millwright_domain::{
    plant::{Range, Trip},
    quantity::{QuantityKind, Unit},
};

/// All pumps that a simulated plant can have; one of fewer has the first ones. Inside, a pump is its place here.
pub const ASSETS: [&str; 5] = ["pump-1", "pump-2", "pump-3", "pump-4", "pump-5"];

/// The pump that every simulated plant has.
pub const ASSET: &str = ASSETS[0];

/// The place of the pump of that name.
pub(super) fn place_of(asset: &str) -> Option<usize> {
    ASSETS.iter().position(|known| *known == asset)
}

/// `pump-2/flow` is the second pump's `flow`.
fn split(signal: &str) -> Option<(usize, &str)> {
    let (asset, name) = signal.split_once('/')?;
    Some((place_of(asset)?, name))
}

/// A measured quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    Flow,
    Pressure,
    BearingTemperature,
    Vibration,
    MotorCurrent,
    Speed,
    ValvePosition,
    MotorTemperature,
}

/// What a sensor is like: the numbers that noise and faults are scaled by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sensor {
    /// Standard deviation of its white noise.
    pub noise: f64,
    /// How far a drift of severity 1 takes it.
    pub drift_span: f64,
    /// Digits after the point in a recording.
    pub digits: usize,
}

impl Channel {
    pub const ALL: [Self; 8] = [
        Self::Flow,
        Self::Pressure,
        Self::BearingTemperature,
        Self::Vibration,
        Self::MotorCurrent,
        Self::Speed,
        Self::ValvePosition,
        Self::MotorTemperature,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Pressure => "pressure",
            Self::BearingTemperature => "bearing_temperature",
            Self::Vibration => "vibration",
            Self::MotorCurrent => "motor_current",
            Self::Speed => "speed",
            Self::ValvePosition => "valve_position",
            Self::MotorTemperature => "motor_temperature",
        }
    }
    /// `pump-1/flow`.
    pub fn signal_of(self, asset: &str) -> String {
        format!("{asset}/{}", self.name())
    }
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
    /// With the place of its pump.
    pub fn by_signal(signal: &str) -> Option<(usize, Self)> {
        let (pump, name) = split(signal)?;
        Some((pump, Self::by_name(name)?))
    }
    pub const fn kind(self) -> QuantityKind {
        match self {
            Self::Flow => QuantityKind::Flow,
            Self::Pressure => QuantityKind::Pressure,
            Self::BearingTemperature => QuantityKind::BearingTemperature,
            Self::Vibration => QuantityKind::Vibration,
            Self::MotorCurrent => QuantityKind::MotorCurrent,
            Self::Speed => QuantityKind::Speed,
            Self::ValvePosition => QuantityKind::ValvePosition,
            Self::MotorTemperature => QuantityKind::MotorTemperature,
        }
    }
    pub const fn unit(self) -> Unit {
        match self {
            Self::Flow => Unit::LitresPerMinute,
            Self::Pressure => Unit::Bar,
            Self::BearingTemperature | Self::MotorTemperature => Unit::Celsius,
            Self::Vibration => Unit::MillimetresPerSecond,
            Self::MotorCurrent => Unit::Ampere,
            Self::Speed => Unit::RevolutionsPerMinute,
            Self::ValvePosition => Unit::Percent,
        }
    }
    /// What the transmitter can show.
    pub const fn range(self) -> Range {
        let (low, high) = match self {
            Self::Flow => (0.0, 200.0),
            Self::Pressure => (0.0, 10.0),
            Self::BearingTemperature | Self::MotorTemperature => (-20.0, 200.0),
            Self::Vibration => (0.0, 50.0),
            Self::MotorCurrent => (0.0, 40.0),
            Self::Speed => (0.0, 2_000.0),
            Self::ValvePosition => (-5.0, 105.0),
        };
        Range { low, high }
    }
    /// Vibration by zone D of ISO 20816-3 for a machine of this size, temperatures by what grease and winding bear.
    pub const fn trip(self) -> Option<Trip> {
        let high = match self {
            Self::BearingTemperature => 90.0,
            Self::MotorTemperature => 120.0,
            Self::Vibration => 7.1,
            Self::MotorCurrent => 18.0,
            Self::Flow | Self::Pressure | Self::Speed | Self::ValvePosition => return None,
        };
        Some(Trip { low: None, high: Some(high) })
    }
    pub(super) const fn sensor(self) -> Sensor {
        let (noise, drift_span, digits) = match self {
            Self::Flow => (0.8, 30.0, 2),
            Self::Pressure => (0.03, 1.0, 3),
            Self::BearingTemperature => (0.4, 15.0, 2),
            Self::Vibration => (0.07, 3.0, 3),
            Self::MotorCurrent => (0.12, 4.0, 3),
            Self::Speed => (3.0, 150.0, 1),
            Self::ValvePosition => (0.25, 20.0, 2),
            Self::MotorTemperature => (0.4, 20.0, 2),
        };
        Sensor { noise, drift_span, digits }
    }
}

/// A quantity that the pump is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setpoint {
    Speed,
    Valve,
}

impl Setpoint {
    pub const ALL: [Self; 2] = [Self::Speed, Self::Valve];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Speed => "speed_setpoint",
            Self::Valve => "valve_setpoint",
        }
    }
    pub fn signal_of(self, asset: &str) -> String {
        format!("{asset}/{}", self.name())
    }
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setpoint| setpoint.name() == name)
    }
    /// With the place of its pump.
    pub fn by_signal(signal: &str) -> Option<(usize, Self)> {
        let (pump, name) = split(signal)?;
        Some((pump, Self::by_name(name)?))
    }
    pub const fn rated(self) -> f64 {
        match self {
            Self::Speed => 1_480.0,
            Self::Valve => 70.0,
        }
    }
    /// What the controller of the pump takes.
    pub const fn range(self) -> Range {
        match self {
            Self::Speed => Range { low: 0.0, high: 1_800.0 },
            Self::Valve => Range { low: 0.0, high: 100.0 },
        }
    }
}
