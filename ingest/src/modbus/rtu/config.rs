//! A bus of Modbus units as written in the settings.

use super::{Bus, End, owed::Owed};
use crate::{
    device::{Common, Spoken},
    modbus::{
        Modbus,
        config::{first_unit, limits, most_coils, most_registers, slots, some_gap},
        value::ByteOrder,
        wire::Way,
    },
    problem::{Problem, Under, host_and_port, within},
};
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    sync::{Arc, Mutex},
    time::Duration,
};

/// All units on one serial line: behind a port of this machine, or behind a converter that passes its bytes through (RTU over TCP).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModbusRtu {
    /// A port of this machine: `/dev/ttyUSB0`. Either this or `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// `host:port` of a converter. Either this or `port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The standard's 19200 8E1 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baud_rate: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<Parity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_bits: Option<u8>,
    /// RTU has 8; here so that a settings sheet can be copied line by line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_bits: Option<u8>,
    /// The adapter hears what it sends, as some for RS-485 with two wires do.
    #[serde(default)]
    pub echo: bool,
    /// The unit of all points whose address names none.
    #[serde(default = "first_unit")]
    pub unit: u8,
    #[serde(default)]
    pub byte_order: ByteOrder,
    /// Registers that may be read in vain to join two values into one request.
    #[serde(default = "some_gap")]
    pub max_gap: u16,
    #[serde(default = "most_registers")]
    pub max_registers_per_request: u16,
    #[serde(default = "most_coils")]
    pub max_coils_per_request: u16,
    /// At least the silence that ends a frame, whatever is said here.
    #[serde(default, alias = "turnaround_ms")]
    pub pause_between_requests_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Parity {
    None,
    Even,
    Odd,
}

/// A port and how its bytes are sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SerialPort {
    pub path: String,
    pub baud_rate: u32,
    pub parity: Parity,
    pub stop_bits: u8,
}

impl fmt::Display for SerialPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Even => 'E',
            Parity::Odd => 'O',
        };
        write!(f, "{} ({} 8{parity}{})", self.path, self.baud_rate, self.stop_bits)
    }
}

/// Above this rate the standard has the silence between frames fixed, as timers would not keep up.
const FIXED_ABOVE: u32 = 19_200;
const FIXED_SILENCE: Duration = Duration::from_micros(1_750);
/// A converter's rate is not known here; this is the silence at 9600.
const SILENCE_OF_A_CONVERTER: Duration = Duration::from_millis(4);

impl SerialPort {
    /// Three and a half characters.
    fn silence(&self) -> Duration {
        if self.baud_rate > FIXED_ABOVE {
            return FIXED_SILENCE;
        }
        let bits = 1 + 8 + u32::from(self.parity != Parity::None) + u32::from(self.stop_bits);
        Duration::from_secs_f64(3.5 * f64::from(bits) / f64::from(self.baud_rate))
    }
}

impl End {
    fn silence(&self) -> Duration {
        match self {
            Self::Port(port) => port.silence(),
            Self::Converter { .. } => SILENCE_OF_A_CONVERTER,
        }
    }
    /// The key it is configured under, and what it really is: a port has several names.
    pub(super) fn alone_on(&self) -> (&'static str, String) {
        match self {
            Self::Port(port) => ("port", fs::canonicalize(&port.path).map_or_else(|_| port.path.clone(), |path| path.display().to_string())),
            Self::Converter { address } => ("address", address.clone()),
        }
    }
}

impl ModbusRtu {
    pub(crate) fn checked(&self, common: &Common) -> Under<Spoken> {
        let end = self.end()?;
        let limits = limits(self.max_registers_per_request, self.max_coils_per_request, self.max_gap)?;
        within("pause_between_requests_ms", self.pause_between_requests_ms, 0, 10_000)?;
        let slots = slots(&common.points, self.unit, self.byte_order)?;
        for (index, slot) in slots.iter().enumerate() {
            let why = || match slot.unit {
                0 => "has unit 0, which is everybody on the bus at once and answers nothing; give the unit's own number, like 2!hr:0".to_string(),
                unit => format!("has unit {unit}, and a serial line has units 1 to 247 only"),
            };
            let key = || if slot.address.unit().is_some() { format!("points[{index}].address") } else { "unit".into() };
            if !(1..=247).contains(&slot.unit) {
                return Err((key(), Problem::Protocol(why())));
            }
        }
        let pause = end.silence().max(Duration::from_millis(self.pause_between_requests_ms));
        let timeouts = || common.classes.iter().map(|class| Duration::from_millis(class.timeout_ms));
        let (shortest, longest) = (timeouts().min().unwrap_or_default(), timeouts().max().unwrap_or_default());
        let bus = Bus {
            echo: self.echo,
            pause,
            // What connecting may take, less what is needed to say that it took too long.
            patience: Duration::from_millis(common.connect_timeout_ms) * 9 / 10,
            owed: Arc::new(Mutex::new(Owed::unknown(shortest, longest))),
            end,
        };
        let address = bus.end.to_string();
        Ok(Modbus { way: Way::Bus(bus), limits, slots }.spoken(address, pause))
    }

    fn end(&self) -> Under<End> {
        let of_port = [
            ("baud_rate", self.baud_rate.is_some()),
            ("parity", self.parity.is_some()),
            ("stop_bits", self.stop_bits.is_some()),
            ("data_bits", self.data_bits.is_some()),
        ];
        match (&self.port, &self.address) {
            (Some(path), None) => self.serial(path).map(End::Port),
            (None, Some(address)) => {
                host_and_port("address", address, "192.168.0.20:4001")?;
                match of_port.iter().find(|(_, is_given)| *is_given) {
                    Some((key, _)) => Err(((*key).into(), Problem::Protocol("is set at the converter behind `address`; leave it out here".into()))),
                    None => Ok(End::Converter { address: address.clone() }),
                }
            }
            _ => {
                let what = "must be given, or `address`, and not both: a port of this machine like \"/dev/ttyUSB0\", or a converter's host:port";
                Err(("port".into(), Problem::Protocol(what.into())))
            }
        }
    }

    fn serial(&self, path: &str) -> Under<SerialPort> {
        if path.trim().is_empty() {
            return Err(("port".into(), Problem::Protocol("must name a serial port, like \"/dev/ttyUSB0\"".into())));
        }
        let (baud_rate, stop_bits) = (self.baud_rate.unwrap_or(19_200), self.stop_bits.unwrap_or(1));
        within("baud_rate", baud_rate.into(), 300, 4_000_000)?;
        within("stop_bits", stop_bits.into(), 1, 2)?;
        if self.data_bits.is_some_and(|bits| bits != 8) {
            return Err(("data_bits".into(), Problem::Protocol("must be 8; with 7 the device speaks Modbus ASCII, set it to RTU".into())));
        }
        Ok(SerialPort { path: path.into(), baud_rate, parity: self.parity.unwrap_or(Parity::Even), stop_bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{classes::PollClass, point::PointConfig};

    fn config(text: &str) -> ModbusRtu {
        serde_json::from_str(text).unwrap()
    }
    fn common(address: &str) -> Common {
        let mut common = Common::usual("bus".parse().unwrap(), vec![PointConfig::at("p/a".parse().unwrap(), address)]);
        common.classes = vec![PollClass::every(500)];
        common
    }
    fn refused(text: &str, address: &str) -> String {
        let Err((key, problem)) = config(text).checked(&common(address)) else { panic!("{text} passes") };
        format!("{key} {problem}")
    }

    #[test]
    fn what_goes_without_saying_is_what_the_standard_says() {
        let spoken = config(r#"{"port": "/dev/ttyUSB0"}"#).checked(&common("hr:0")).ok().unwrap();
        assert_eq!(spoken.address, "/dev/ttyUSB0 (19200 8E1)");
        assert_eq!(spoken.pause.as_micros(), 2_005);
    }

    #[test]
    fn the_silence_between_frames_follows_the_port_and_a_longer_pause_is_kept() {
        let pause = |text: &str| config(text).checked(&common("hr:0")).ok().unwrap().pause.as_micros();
        assert_eq!(pause(r#"{"port": "a", "baud_rate": 9600, "parity": "none"}"#), 3_645);
        assert_eq!(pause(r#"{"port": "a", "baud_rate": 115200}"#), 1_750);
        assert_eq!(pause(r#"{"port": "a", "turnaround_ms": 20}"#), 20_000);
        assert_eq!(pause(r#"{"address": "host:4001"}"#), 4_000);
    }

    #[test]
    fn what_cannot_be_is_refused_and_says_what_to_write_instead() {
        for (text, address, because) in [
            ("{}", "hr:0", "must be given"),
            (r#"{"port": "a", "address": "host:4001"}"#, "hr:0", "not both"),
            (r#"{"port": " "}"#, "hr:0", "must name a serial port"),
            (r#"{"address": "host"}"#, "hr:0", "192.168.0.20:4001"),
            (r#"{"address": "host:4001", "parity": "none"}"#, "hr:0", "parity is set at the converter"),
            (r#"{"port": "a", "baud_rate": 1}"#, "hr:0", "from 300"),
            (r#"{"port": "a", "stop_bits": 3}"#, "hr:0", "from 1 to 2"),
            (r#"{"port": "a", "data_bits": 7}"#, "hr:0", "ASCII"),
            (r#"{"port": "a"}"#, "0!hr:0", "points[0].address has unit 0"),
            (r#"{"port": "a"}"#, "248!hr:0", "1 to 247"),
            (r#"{"port": "a", "unit": 0}"#, "hr:0", "unit has unit 0"),
        ] {
            let refused = refused(text, address);
            assert!(refused.contains(because), "{text}: {refused}");
        }
    }
}
