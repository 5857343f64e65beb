//! Report by exception, as a person writes it: which changes of a value are worth keeping.

use millwright_domain::plant::Range;
use serde::{Deserialize, Serialize};

/// `{ absolute = 0.5 }`, `{ percent = 1.0 }` or `{ swinging_door = 0.2 }`, each with `heartbeat_s`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    #[serde(flatten)]
    pub by: Deadband,
    /// A value that stays within its deadband is reported all the same after so long.
    #[serde(default = "a_minute")]
    pub heartbeat_s: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadband {
    /// In the signal's unit.
    Absolute(f64),
    /// Of the signal's range.
    Percent(f64),
    /// In the signal's unit: no value left out is further than this from the line between those kept.
    SwingingDoor(f64),
}

fn a_minute() -> u32 {
    60
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
