//! One thing that goes wrong with the simulated plant: what, with whom, when and how badly.

use super::channel::{ASSETS, Channel, place_of};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};
use std::fmt;

/// Times are seconds since the scenario began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub fault: FaultKind,
    /// One asset, a list of them, or `"all"`: what happens to several happens to them at once.
    pub asset: Assets,
    /// The transmitter that is wrong; for sensor faults only. Of several assets each one's: the name alone, without the asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    pub start_s: f64,
    /// Until full severity.
    #[serde(default)]
    pub ramp_s: f64,
    /// Until it is over by itself; for ever if left out. Wear never is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// 0 to 1.
    pub severity: f64,
    #[serde(default)]
    pub shape: Shape,
    /// Which way a sensor drifts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    BearingWear,
    Clogging,
    ValveStuck,
    SensorDrift,
    SensorStuck,
    NoiseBurst,
    /// The controller or what leads to it is silent: nothing is answered or told, nothing arrives.
    CommunicationFault,
    /// The mains sink; as a rule for every asset at once.
    SupplyVoltage,
}

/// How severity grows over the ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    #[default]
    Linear,
    /// Slowly first, as wear does: the power of 1.5.
    Progressive,
    /// At once; the ramp is not used.
    Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    #[default]
    Up,
    Down,
}

/// Whom a fault befalls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets(Vec<String>);

impl Assets {
    const ALL: &str = "all";

    /// Places of those that a plant of so many pumps has, in its order.
    pub(super) fn places(&self, pumps: usize) -> Vec<usize> {
        (0..pumps).filter(|place| self.0.iter().any(|named| named == Self::ALL || named == ASSETS[*place])).collect()
    }
    /// The first one that a plant of so many pumps has not.
    pub(super) fn missing(&self, pumps: usize) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|named| *named != Self::ALL && place_of(named).is_none_or(|place| place >= pumps))
    }
    fn check(&self) -> Result<(), String> {
        let must = || format!("must be {}, a list of them, or \"{}\"", ASSETS.join(" or "), Self::ALL);
        let all_alone = self.0.len() == 1 || !self.0.iter().any(|named| named == Self::ALL);
        if self.0.is_empty() || self.missing(ASSETS.len()).is_some() || !all_alone { Err(must()) } else { Ok(()) }
    }
}

impl Serialize for Assets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Assets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;
        impl<'de> Visitor<'de> for OneOrSeveral {
            type Value = Assets;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an asset, a list of names, or \"all\"")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Assets, E> {
                Ok(Assets(vec![name.into()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Assets, A::Error> {
                let mut several = Vec::new();
                while let Some(name) = names.next_element::<String>()? {
                    if several.len() == ASSETS.len() {
                        return Err(de::Error::custom(format!("there are only {} assets", ASSETS.len())));
                    }
                    several.push(name);
                }
                Ok(Assets(several))
            }
        }
        deserializer.deserialize_any(OneOrSeveral)
    }
}

impl FaultKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BearingWear => "bearing_wear",
            Self::Clogging => "clogging",
            Self::ValveStuck => "valve_stuck",
            Self::SensorDrift => "sensor_drift",
            Self::SensorStuck => "sensor_stuck",
            Self::NoiseBurst => "noise_burst",
            Self::CommunicationFault => "communication_fault",
            Self::SupplyVoltage => "supply_voltage",
        }
    }
    /// Only the transmitted value is wrong, not the machine.
    pub const fn is_of_sensor(self) -> bool {
        matches!(self, Self::SensorDrift | Self::SensorStuck | Self::NoiseBurst)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) const NO_TIME: &str = "must be seconds, from 0 to 31536000";

pub(super) fn is_time(seconds: f64) -> bool {
    (0.0..=31_536_000.0).contains(&seconds)
}

/// The key that is wrong, and what about it.
pub(super) type Wrong = (&'static str, String);

impl Fault {
    pub(super) fn check(&self, steady_s: f64) -> Result<(), Wrong> {
        self.asset.check().map_err(|what| ("asset", what))?;
        if !(self.severity > 0.0 && self.severity <= 1.0) {
            return Err(("severity", "must be more than 0 and at most 1".into()));
        }
        if !is_time(self.start_s) || self.start_s < steady_s {
            return Err(("start_s", format!("must be at or after steady_s ({steady_s})")));
        }
        if !is_time(self.ramp_s) {
            return Err(("ramp_s", NO_TIME.into()));
        }
        if self.duration_s.is_some_and(|duration| !is_time(duration)) {
            return Err(("duration_s", NO_TIME.into()));
        }
        if self.fault == FaultKind::CommunicationFault && (self.severity != 1.0 || self.ramp_s != 0.0) {
            return Err(("severity", "must be 1 without a ramp: a device answers or it does not".into()));
        }
        if self.fault == FaultKind::BearingWear && self.duration_s.is_some() {
            return Err(("duration_s", "must be left out: a worn bearing does not heal, a repair ends it".into()));
        }
        if self.direction.is_some() && self.fault != FaultKind::SensorDrift {
            return Err(("direction", "is for sensor_drift only".into()));
        }
        self.check_signal()
    }

    fn check_signal(&self) -> Result<(), Wrong> {
        match (&self.signal, self.fault.is_of_sensor()) {
            (None, false) => Ok(()),
            (Some(_), false) => Err(("signal", format!("must be left out: {} is a fault of the machine, not of a sensor", self.fault))),
            (None, true) => Err(("signal", format!("is missing: {} needs the signal whose sensor it is", self.fault))),
            (Some(_), true) if self.channel().is_some() => Ok(()),
            (Some(_), true) => Err(("signal", self.possible_signals())),
        }
    }

    /// The asset's own name before the channel's, which is clear only where there is one asset.
    fn is_of_one_asset(&self, signal: &str) -> bool {
        Channel::by_signal(signal).is_some_and(|(place, _)| self.asset.0 == [ASSETS[place]])
    }
    fn possible_signals(&self) -> String {
        let known = |prefix: &str| Channel::ALL.map(|channel| format!("{prefix}{}", channel.name())).join(", ");
        match self.asset.0.as_slice() {
            [asset] if asset != Assets::ALL => format!("must be one of {}", known(&format!("{asset}/"))),
            _ => format!("must be, for several assets, one of {}", known("")),
        }
    }
    /// The transmitter that is wrong.
    pub(super) fn channel(&self) -> Option<Channel> {
        let signal = self.signal.as_ref()?;
        Channel::by_name(signal).or_else(|| self.is_of_one_asset(signal).then(|| Channel::by_signal(signal)).flatten().map(|(_, channel)| channel))
    }

    /// How bad it is `at` seconds after the scenario began.
    pub(super) fn severity_at(&self, at: f64) -> f64 {
        let since = at - self.start_s;
        if since < 0.0 || self.duration_s.is_some_and(|duration| since >= duration) {
            return 0.0;
        }
        let ramped = if self.ramp_s > 0.0 { (since / self.ramp_s).min(1.0) } else { 1.0 };
        self.severity
            * match self.shape {
                Shape::Linear => ramped,
                Shape::Progressive => ramped.powf(1.5),
                Shape::Step => 1.0,
            }
    }
}
