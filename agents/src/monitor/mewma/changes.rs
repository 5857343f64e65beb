//! When a machine changes: its distance has risen well above the lowest since the last change, or fallen well below the highest.
//!
//! An alarm says that something is wrong; this says when it began, grew worse, and was over, whatever level the alarm stands at.

use serde::{Deserialize, Serialize};

/// Distances below this share of the limit are all the same calm.
const CALM: f64 = 0.8;
/// Weight of the newest distance.
const SMOOTHING: f64 = 0.3;
const RISE: f64 = 1.5;
const FALL: f64 = 2.0;
/// Rows in a row that must say so.
const ROWS: u32 = 2;
/// Rows after a change in which there is no other.
const APART: u32 = 30;

/// Of one machine. Distances are in limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Changes {
    smoothed: f64,
    lowest: f64,
    highest: f64,
    streak: u32,
    since: u32,
}

impl Default for Changes {
    fn default() -> Self {
        Self { smoothed: 0.0, lowest: CALM, highest: CALM, streak: 0, since: APART }
    }
}

impl Changes {
    /// Takes the next distance in; says whether this is a change.
    pub(super) fn observe(&mut self, distance: f64) -> bool {
        self.since = self.since.saturating_add(1);
        self.smoothed += SMOOTHING * (distance - self.smoothed);
        let level = self.smoothed.max(CALM);
        (self.lowest, self.highest) = (self.lowest.min(level), self.highest.max(level));
        let differs = level > self.lowest * RISE || level * FALL < self.highest;
        self.streak = if differs && self.since > APART { self.streak + 1 } else { 0 };
        let changed = self.streak >= ROWS;
        if changed {
            *self = Self { smoothed: self.smoothed, lowest: level, highest: level, streak: 0, since: 0 };
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_changes_the_machine_when_it_comes_when_it_grows_and_when_it_goes() {
        let mut changes = Changes::default();
        let distances = [(100, 0.5), (100, 1.8), (100, 4.0), (100, 0.5)];
        let rows = distances.into_iter().flat_map(|(rows, distance)| std::iter::repeat_n(distance, rows));
        let found: Vec<usize> = rows.enumerate().filter(|(_, distance)| changes.observe(*distance)).map(|(row, _)| row / 100).collect();
        assert_eq!(found, [1, 2, 3]);
    }

    #[test]
    fn a_calm_machine_does_not_change() {
        let mut changes = Changes::default();
        assert!((0..10_000_u32).all(|row| !changes.observe(0.9 * f64::from(row * 7_919 % 101) / 101.0)));
    }
}
