//! The changepoint score of the SKAB protocol (after the Numenta benchmark): early alarms earn, late ones earn less, alarms outside all windows cost.

use serde::Serialize;
use std::{f64::consts::FRAC_PI_2, ops::AddAssign};

/// How long after a change an alarm still counts.
pub const WINDOW_S: f64 = 60.0;

const HIT: f64 = 1.0;
const FALSE_ALARM: f64 = -0.11;
const MISS: f64 = -1.0;

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct ChangepointCounts {
    pub windows: u32,
    pub found: u32,
    pub false_alarms: u32,
    points: f64,
}

impl ChangepointCounts {
    /// `alarms` are the times at which a change was told, `changes` those of the true changes; both in seconds, ascending, of one recording.
    pub fn of(alarms: &[f64], changes: &[f64]) -> Self {
        let windows = windows(changes);
        let mut counts = Self { windows: windows.len() as u32, ..Self::default() };
        for (from, to) in &windows {
            let first = alarms.iter().find(|alarm| (*from..=*to).contains(alarm));
            counts.points += first.map_or(MISS, |alarm| worth(alarm - from, to - from));
            counts.found += u32::from(first.is_some());
        }
        let outside = |alarm: &&f64| !windows.iter().any(|(from, to)| (*from..=*to).contains(*alarm));
        counts.false_alarms = alarms.iter().filter(outside).count() as u32;
        counts.points += f64::from(counts.false_alarms) * FALSE_ALARM;
        counts
    }

    /// 100 for every change found at once and no false alarm, 0 for saying nothing, below 0 for doing harm.
    pub fn score(&self) -> f64 {
        let windows = f64::from(self.windows);
        if windows == 0.0 {
            return 0.0;
        }
        100.0 * (self.points - MISS * windows) / (HIT * windows - MISS * windows)
    }
}

impl AddAssign for ChangepointCounts {
    fn add_assign(&mut self, other: Self) {
        self.windows += other.windows;
        self.found += other.found;
        self.false_alarms += other.false_alarms;
        self.points += other.points;
    }
}

/// Where two windows overlap the second starts at the first's end.
fn windows(changes: &[f64]) -> Vec<(f64, f64)> {
    let mut windows: Vec<(f64, f64)> = Vec::new();
    for change in changes {
        let from = windows.last().map_or(*change, |(_, end)| change.max(*end));
        windows.push((from, change + WINDOW_S));
    }
    windows
}

/// What an alarm is worth that comes `delay` into a window of `length`: a falling tanh in 1,000 steps.
fn worth(delay: f64, length: f64) -> f64 {
    const STEPS: f64 = 1_000.0;
    let step = if length > 0.0 { (delay / length * STEPS).floor().clamp(0.0, STEPS - 1.0) } else { 0.0 };
    let x = -FRAC_PI_2 + 2.0 * FRAC_PI_2 * step / (STEPS - 1.0);
    (HIT - FALSE_ALARM) / 2.0 * -x.tanh() / FRAC_PI_2.tanh() + (HIT - FALSE_ALARM) / 2.0 + FALSE_ALARM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_every_change_at_once_is_perfect_and_silence_is_nothing() {
        let changes = [100.0, 400.0];
        assert!((ChangepointCounts::of(&changes, &changes).score() - 100.0).abs() < 1e-9);
        assert_eq!(ChangepointCounts::of(&[], &changes).score(), 0.0);
    }

    #[test]
    fn a_late_alarm_earns_less_and_one_outside_costs() {
        let late = ChangepointCounts::of(&[155.0], &[100.0]);
        let early = ChangepointCounts::of(&[105.0], &[100.0]);
        let early_with_noise = ChangepointCounts::of(&[50.0, 105.0, 110.0], &[100.0]);
        assert!(late.score() < early.score() && early_with_noise.score() < early.score());
        assert_eq!((early_with_noise.found, early_with_noise.false_alarms), (1, 1), "a repeat inside the window is not false");
    }

    #[test]
    fn of_overlapping_windows_the_second_starts_at_the_firsts_end() {
        assert_eq!(windows(&[100.0, 130.0]), [(100.0, 160.0), (160.0, 190.0)]);
    }
}
