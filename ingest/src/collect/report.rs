//! Report by exception, as a person writes it: which changes of a value are worth keeping. `sieve.rs` carries it out.

use millwright_domain::plant::Range;
use serde::{Deserialize, Serialize};

/// `{ absolute = 0.5 }`, `{ percent = 1.0 }` or `{ swinging_door = 0.2 }`, each with `heartbeat_s`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Report {
    pub by: Deadband,
    /// A value that stays within its deadband is reported all the same after so long.
    pub heartbeat_s: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Deadband {
    /// In the signal's unit.
    Absolute(f64),
    /// Of the signal's range.
    Percent(f64),
    /// In the signal's unit: no value left out is further than this from the line between those kept.
    SwingingDoor(f64),
}

/// The table as it stands in a file. Written out, so that an unknown key is refused: serde's own `flatten` would let it pass.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absolute: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    percent: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    swinging_door: Option<f64>,
    #[serde(default = "a_minute")]
    heartbeat_s: u32,
}

fn a_minute() -> u32 {
    60
}

impl TryFrom<Written> for Report {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        let Written { absolute, percent, swinging_door, heartbeat_s } = written;
        let by = match (absolute, percent, swinging_door) {
            (Some(size), None, None) => Deadband::Absolute(size),
            (None, Some(size), None) => Deadband::Percent(size),
            (None, None, Some(size)) => Deadband::SwingingDoor(size),
            _ => return Err("report takes exactly one of absolute, percent and swinging_door, and a heartbeat_s beside it".into()),
        };
        Ok(Self { by, heartbeat_s })
    }
}

impl From<Report> for Written {
    fn from(Report { by, heartbeat_s }: Report) -> Self {
        let mut written = Self { absolute: None, percent: None, swinging_door: None, heartbeat_s };
        match by {
            Deadband::Absolute(size) => written.absolute = Some(size),
            Deadband::Percent(size) => written.percent = Some(size),
            Deadband::SwingingDoor(size) => written.swinging_door = Some(size),
        }
        written
    }
}

impl Report {
    /// `Err` says what to correct.
    pub(crate) fn check(&self, range: Option<Range>) -> Result<(), String> {
        let (Deadband::Absolute(size) | Deadband::Percent(size) | Deadband::SwingingDoor(size)) = self.by;
        if !(size.is_finite() && size > 0.0) {
            return Err("must be a finite number above 0".into());
        }
        if matches!(self.by, Deadband::Percent(_)) && range.is_none() {
            return Err("in percent needs the signal's `range` in the plant, or use `absolute`".into());
        }
        if self.heartbeat_s == 0 {
            return Err("needs a heartbeat_s of at least 1".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    #[test]
    fn a_report_is_shown_as_it_was_written() {
        for written in [
            json!({ "absolute": 0.5, "heartbeat_s": 30 }),
            json!({ "percent": 1.0, "heartbeat_s": 60 }),
            json!({ "swinging_door": 0.2, "heartbeat_s": 5 }),
        ] {
            assert_eq!(to_value(from_value::<Report>(written.clone()).unwrap()).unwrap(), written);
        }
        let shortest: Report = from_value(json!({ "absolute": 2.0 })).unwrap();
        assert_eq!(shortest, Report { by: Deadband::Absolute(2.0), heartbeat_s: 60 });
    }

    #[test]
    fn an_unknown_key_no_deadband_or_two_of_them_are_refused() {
        let refused = |written: Value| from_value::<Report>(written).unwrap_err().to_string();
        assert!(refused(json!({ "absolute": 0.5, "heartbeat": 60 })).contains("unknown field `heartbeat`"));
        assert!(refused(json!({ "heartbeat_s": 60 })).contains("exactly one of absolute"));
        assert!(refused(json!({ "absolute": 0.5, "percent": 1.0 })).contains("exactly one of absolute"));
    }
}
