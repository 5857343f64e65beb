//! What a signal measures, and in what: the words that rules and similarity speak instead of vendors' tag names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $error:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or_else(|| $error(text.into()))
            }
        }
        #[derive(Debug, Clone, PartialEq, Eq, Error)]
        #[error("{:?} is not a {} we know; use one of: {}", .0, $what, [$($word),*].join(", "))]
        pub struct $error(pub String);
    };
}

words! {
    /// Kind of quantity. `…Setpoint` kinds are what a controller is told, not what is measured.
    QuantityKind, UnknownQuantityKind, "quantity kind" {
        Flow = "flow",
        /// Discharge side of a pump unless said otherwise.
        Pressure = "pressure",
        SuctionPressure = "suction_pressure",
        BearingTemperature = "bearing_temperature",
        MotorTemperature = "motor_temperature",
        FluidTemperature = "fluid_temperature",
        AmbientTemperature = "ambient_temperature",
        Vibration = "vibration",
        MotorCurrent = "motor_current",
        Voltage = "voltage",
        Power = "power",
        Torque = "torque",
        Speed = "speed",
        SpeedSetpoint = "speed_setpoint",
        ValvePosition = "valve_position",
        ValveSetpoint = "valve_setpoint",
        Level = "level",
        /// A condition as a number: 0 off, 1 on.
        State = "state",
        Generic = "generic",
    }
}

words! {
    /// Unit of measurement, by its usual symbol.
    Unit, UnknownUnit, "unit" {
        LitresPerMinute = "l/min",
        CubicMetresPerHour = "m3/h",
        Bar = "bar",
        Kilopascal = "kPa",
        Celsius = "degC",
        Kelvin = "K",
        Fahrenheit = "degF",
        MillimetresPerSecond = "mm/s",
        G = "g",
        Ampere = "A",
        Volt = "V",
        Kilowatt = "kW",
        Watt = "W",
        NewtonMetre = "Nm",
        RevolutionsPerMinute = "rpm",
        Hertz = "Hz",
        Percent = "%",
        Metre = "m",
        One = "1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_unit_is_refused_with_the_known_ones() {
        let refused = "furlong".parse::<Unit>().unwrap_err().to_string();
        assert!(refused.contains("l/min") && refused.contains("furlong"), "{refused}");
    }

    #[test]
    fn stored_words_are_the_spoken_words() {
        for kind in QuantityKind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("{:?}", kind.as_str()));
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
    }
}
