//! Row by row: was there an alarm where there should have been one? Weak figures, so never reported one without the others.

use serde::Serialize;
use std::ops::AddAssign;

/// Rows by what was said and what was so, pooled over all files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RowCounts {
    pub true_alarms: u64,
    pub false_alarms: u64,
    pub missed: u64,
    pub quiet: u64,
}

impl RowCounts {
    pub fn count(&mut self, alarm: bool, anomalous: bool) {
        match (alarm, anomalous) {
            (true, true) => self.true_alarms += 1,
            (true, false) => self.false_alarms += 1,
            (false, true) => self.missed += 1,
            (false, false) => self.quiet += 1,
        }
    }
    /// TP / (TP + (FN + FP) / 2)
    pub fn f1(&self) -> f64 {
        ratio(self.true_alarms as f64, self.true_alarms as f64 + (self.missed + self.false_alarms) as f64 / 2.0)
    }
    /// Share of normal rows in alarm: FP / (FP + TN)
    pub fn false_alarm_rate(&self) -> f64 {
        ratio(self.false_alarms as f64, (self.false_alarms + self.quiet) as f64)
    }
    /// Share of anomalous rows without alarm: FN / (FN + TP)
    pub fn missed_alarm_rate(&self) -> f64 {
        ratio(self.missed as f64, (self.missed + self.true_alarms) as f64)
    }
}

impl AddAssign for RowCounts {
    fn add_assign(&mut self, other: Self) {
        self.true_alarms += other.true_alarms;
        self.false_alarms += other.false_alarms;
        self.missed += other.missed;
        self.quiet += other.quiet;
    }
}

/// Nothing of nothing is 0, not NaN: reports are JSON.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rates_are_those_of_the_protocol() {
        let counts = RowCounts { true_alarms: 60, false_alarms: 10, missed: 20, quiet: 90 };
        assert_eq!((counts.f1(), counts.false_alarm_rate(), counts.missed_alarm_rate()), (0.8, 0.1, 0.25));
        assert_eq!(RowCounts::default().f1(), 0.0);
    }
}
