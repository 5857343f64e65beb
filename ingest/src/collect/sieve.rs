//! Report by exception, carried out: one state machine a point. Pure; time is that of the readings.
//!
//! The first value, every change of quality and every missing value pass at once. Of the others pass those outside the deadband, and one at
//! each heartbeat. Swinging door trending is as Bristol described it (US 4 669 097, 1987), with doors hinged half the deadband above and below
//! the last value kept: the value before the one at which no line fits between them any more is kept. So no value left out is further than
//! the deadband from the line between those kept, and only values that were really measured are handed on.

use super::report::{Deadband, Report};
use crate::point::Point;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::SignalId,
    plant::Range,
    reading::{Quality, Reading},
};
use std::collections::HashMap;

/// A value that goes on missing is told at its heartbeat, but at least this often: silence is judged by the minute.
const MISSING_AGAIN: TimeDelta = TimeDelta::seconds(10);

#[derive(Debug, Clone)]
pub struct Sieve {
    band: Band,
    heartbeat: TimeDelta,
    kept: Option<Kept>,
    doors: Doors,
    held: Option<Held>,
    left_out: u64,
}

#[derive(Debug, Clone, Copy)]
enum Band {
    /// Around the value kept last.
    Flat(f64),
    /// How far from its hinge each door stands.
    Doors(f64),
}

/// What was handed on last.
#[derive(Debug, Clone, Copy)]
struct Kept {
    quality: Quality,
    value: f64,
    /// When it was measured.
    at: Timestamp,
    /// When something was handed on last.
    told: Timestamp,
}

/// The newest value that was not handed on.
#[derive(Debug, Clone)]
struct Held {
    reading: Reading,
    at: Timestamp,
}

/// The slopes, per second, of the lines from the value kept last that pass every value since.
#[derive(Debug, Clone, Copy)]
struct Doors {
    least: f64,
    most: f64,
}

const SHUT: Doors = Doors { least: f64::NEG_INFINITY, most: f64::INFINITY };

impl Sieve {
    pub fn new(report: &Report, range: Option<Range>) -> Self {
        let band = match report.by {
            Deadband::Absolute(size) => Band::Flat(size),
            Deadband::Percent(percent) => Band::Flat(range.map_or(0.0, |range| (range.high - range.low) * percent / 100.0)),
            Deadband::SwingingDoor(size) => Band::Doors(size / 2.0),
        };
        let heartbeat = TimeDelta::seconds(i64::from(report.heartbeat_s));
        Self { band, heartbeat, kept: None, doors: SHUT, held: None, left_out: 0 }
    }

    /// Adds to `out` what is to be reported of the point now, in the order in which it was measured. `now` is the scan's time.
    pub fn pass(&mut self, now: Timestamp, reading: Reading, out: &mut Vec<Reading>) {
        let at = reading.source_time.unwrap_or(now);
        let Some(kept) = self.kept else { return self.keep(now, at, reading, out) };
        if reading.quality() != kept.quality {
            // The line up to here ends where it was seen last.
            if matches!(self.band, Band::Doors(_)) {
                self.release(now, out);
            }
            return self.keep(now, at, reading, out);
        }
        let Some(value) = reading.value() else {
            if now.since(kept.told) >= self.heartbeat.min(MISSING_AGAIN) {
                return self.keep(now, at, reading, out);
            }
            self.left_out += 1;
            return;
        };
        let leaves = match self.band {
            Band::Flat(size) => (value - kept.value).abs() > size,
            Band::Doors(half) => !self.fits(half, at, value) && !self.turn(half, now, at, value, out),
        };
        if leaves || now.since(kept.told) >= self.heartbeat {
            return self.keep(now, at, reading, out);
        }
        self.left_out += u64::from(self.held.replace(Held { reading, at }).is_some());
    }

    /// What was held back for the heartbeat, where nothing new came since.
    pub fn overdue(&mut self, now: Timestamp, out: &mut Vec<Reading>) {
        if self.kept.is_some_and(|kept| now.since(kept.told) >= self.heartbeat) {
            self.release(now, out);
        }
    }

    /// Hands on what is held back, with the time at which it was measured.
    pub fn release(&mut self, now: Timestamp, out: &mut Vec<Reading>) {
        if let Some(Held { mut reading, at }) = self.held.take() {
            reading.source_time.get_or_insert(at);
            self.keep(now, at, reading, out);
        }
    }

    /// Values that were measured and not handed on, since this was asked last.
    pub fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    fn keep(&mut self, now: Timestamp, at: Timestamp, reading: Reading, out: &mut Vec<Reading>) {
        self.left_out += u64::from(self.held.take().is_some());
        let value = reading.value().unwrap_or(f64::NAN);
        self.kept = Some(Kept { quality: reading.quality(), value, at, told: now });
        self.doors = SHUT;
        out.push(reading);
    }

    /// Opens the doors as far as the value wants, and says whether a line still fits between them. Never for a time that does not go on.
    fn fits(&mut self, half: f64, at: Timestamp, value: f64) -> bool {
        let Some(hinge) = self.kept else { return false };
        let seconds = at.since(hinge.at).num_microseconds().map_or(f64::INFINITY, |micros| micros as f64 / 1e6);
        if seconds <= 0.0 || self.held.as_ref().is_some_and(|held| at <= held.at) {
            return false;
        }
        let slope = |to: f64| (to - hinge.value) / seconds;
        self.doors.least = self.doors.least.max(slope(value - half));
        self.doors.most = self.doors.most.min(slope(value + half));
        self.doors.least <= self.doors.most
    }

    /// The doors stand open: the value before becomes their hinge, and they swing anew. False if there is none, or no time has passed since.
    fn turn(&mut self, half: f64, now: Timestamp, at: Timestamp, value: f64, out: &mut Vec<Reading>) -> bool {
        self.release(now, out);
        self.fits(half, at, value)
    }
}

/// The sieves of several points. Readings of the others pass as they are.
#[derive(Debug, Default)]
pub struct Sieves(HashMap<SignalId, Sieve>);

impl Sieves {
    pub fn of<'a>(points: impl IntoIterator<Item = &'a Point>) -> Self {
        let sieve = |point: &Point| Some((point.signal.clone(), Sieve::new(point.report.as_ref()?, point.range)));
        Self(points.into_iter().filter_map(sieve).collect())
    }

    /// What is to be reported of a scan; nothing if nothing is.
    pub fn sift(&mut self, scanned_at: Timestamp, readings: Vec<Reading>) -> Vec<Reading> {
        if self.0.is_empty() {
            return readings;
        }
        let mut passed = Vec::with_capacity(readings.len());
        for reading in readings {
            match self.0.get_mut(&reading.signal) {
                Some(sieve) => sieve.pass(scanned_at, reading, &mut passed),
                None => passed.push(reading),
            }
        }
        passed
    }

    pub fn overdue(&mut self, now: Timestamp) -> Vec<Reading> {
        let mut out = Vec::new();
        self.0.values_mut().for_each(|sieve| sieve.overdue(now, &mut out));
        out
    }
    /// Collecting ends: what is held back was measured, too.
    pub fn rest(&mut self, now: Timestamp) -> Vec<Reading> {
        let mut out = Vec::new();
        self.0.values_mut().for_each(|sieve| sieve.release(now, &mut out));
        out
    }
    pub fn take_left_out(&mut self) -> u64 {
        self.0.values_mut().map(Sieve::take_left_out).sum()
    }
}

#[cfg(test)]
mod tests;
