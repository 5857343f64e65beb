//! Writing one value with care: look first, send once, read back until it shows or the time is over.

use super::link::{Link, Sent};
use crate::{
    gate::Gate,
    point::Point,
    protocol::{PointNo, Protocol},
};
use millwright_domain::{
    ports::write_device::{WriteVerdict, Written},
    reading::Quality,
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Between two looks whether the value has taken.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// One writable point and the way to it.
pub(crate) struct Target<'a> {
    pub number: PointNo,
    pub point: &'a Point,
    pub protocol: &'a dyn Protocol,
    pub link: &'a Link,
    pub timeout: Duration,
    pub read_back: Duration,
}

impl Target<'_> {
    pub(crate) async fn write_once(&self, value: f64, tolerance: f64, gate: Gate) -> Written {
        let gate = Arc::new(gate);
        let verdict = self.write(value, tolerance, &gate).await;
        Written { verdict, sent: gate.sent() }
    }

    async fn write(&self, value: f64, tolerance: f64, gate: &Arc<Gate>) -> WriteVerdict {
        let raw = self.point.unscaled(value);
        if let Err(why) = self.protocol.fits(self.number, raw) {
            return WriteVerdict::NotApplied { why: format!("{}: {why}", self.point.place) };
        }
        // A dead socket is found out by a question that may be repeated, not by the write, of which one could not say whether it arrived.
        if let Err(why) = self.read().await {
            return WriteVerdict::NotApplied { why: format!("{} cannot be read, so it was not written: {why}", self.point.place) };
        }
        match self.link.write(self.number, raw, gate.clone(), self.timeout).await {
            Sent::Acknowledged => self.verify(value, tolerance).await,
            Sent::Refused(refusal) => WriteVerdict::NotApplied { why: format!("{}: {refusal}", self.point.place) },
            Sent::NotSent(why) => WriteVerdict::NotApplied { why },
            Sent::NoAnswer(why) => WriteVerdict::Unknown { why: format!("{} was written, but not acknowledged: {why}", self.point.place) },
        }
    }

    /// The value now, in the signal's unit.
    pub(crate) async fn read(&self) -> Result<f64, String> {
        let answers = self.link.read(&[self.number], self.timeout).await.map_err(|why| why.to_string())?;
        let answer = answers.first().ok_or_else(|| format!("{} was answered without a value", self.point.place))?;
        if let Err(refusal) = answer {
            return Err(refusal.to_string());
        }
        let reading = self.point.reading(answer);
        match (reading.value(), reading.quality()) {
            (Some(value), Quality::Good | Quality::UncertainOutOfRange) => Ok(value),
            _ => Err(format!("{} holds no number", self.point.place)),
        }
    }

    /// Looks until the value shows, or its time is over. Reading may be repeated; the write may not.
    async fn verify(&self, written: f64, tolerance: f64) -> WriteVerdict {
        let until = Instant::now() + self.read_back;
        loop {
            let look = self.read().await;
            if let Ok(read_back) = look
                && (read_back - written).abs() <= tolerance + self.resolution()
            {
                return WriteVerdict::Applied { read_back };
            }
            if Instant::now() < until {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            let place = &self.point.place;
            return match look {
                Ok(read_back) => WriteVerdict::NotApplied {
                    why: format!("{place} acknowledged {written}, but still reads {read_back} (allowed difference {tolerance})"),
                },
                Err(why) => WriteVerdict::Unknown { why: format!("{place} acknowledged {written}, but could not be read back: {why}") },
            };
        }
    }

    /// What rounding into the device's type may have cost, in the signal's unit.
    fn resolution(&self) -> f64 {
        self.point.scale.abs() * self.protocol.resolution(self.number)
    }
}
