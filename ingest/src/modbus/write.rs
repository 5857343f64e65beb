//! Writing one value with care: look first, send once, read back until it shows or the time is over.

use super::{
    address::Table,
    config::Point,
    decode,
    link::{Link, ReadFailed, Sent},
    value::{self, DoesNotFit},
    wire::Outgoing,
};
use crate::gate::Gate;
use millwright_domain::{ports::write_device::WriteVerdict, reading::Quality};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Between two looks whether the value has taken.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// One writable point and the way to it.
pub(crate) struct Target<'a> {
    pub point: &'a Point,
    pub link: &'a Link,
    pub timeout: Duration,
    pub read_back: Duration,
}

impl Target<'_> {
    pub(crate) async fn write_once(&self, value: f64, tolerance: f64, gate: Gate) -> WriteVerdict {
        let outgoing = match outgoing(self.point, value) {
            Ok(outgoing) => outgoing,
            Err(why) => return WriteVerdict::NotApplied { why: format!("{}: {why}", self.point.canonical()) },
        };
        // A dead socket is found out by a question that may be repeated, not by the write, of which one could not say whether it arrived.
        if let Err(why) = self.read().await {
            return WriteVerdict::NotApplied { why: format!("{} cannot be read, so it was not written: {why}", self.point.canonical()) };
        }
        match self.link.write(outgoing, Arc::new(gate), self.timeout).await {
            Sent::Acknowledged => self.verify(value, tolerance).await,
            Sent::Refused(exception) => WriteVerdict::NotApplied { why: format!("{}: {exception}", self.point.canonical()) },
            Sent::NotSent(why) => WriteVerdict::NotApplied { why },
            Sent::NoAnswer(why) => WriteVerdict::Unknown { why: format!("{} was written, but not acknowledged: {why}", self.point.canonical()) },
        }
    }

    /// The value now, in the signal's unit.
    pub(crate) async fn read(&self) -> Result<f64, String> {
        let wanted = self.point.wanted();
        let items = match self.link.read(wanted.table, wanted.start, wanted.width, self.timeout).await {
            Ok(items) => items,
            Err(ReadFailed::Refused(exception)) => return Err(exception.to_string()),
            Err(why) => return Err(why.to_string()),
        };
        let reading = decode::reading(self.point, wanted.start, &items);
        match (reading.value(), reading.quality()) {
            (Some(value), Quality::Good | Quality::UncertainOutOfRange) => Ok(value),
            _ => Err(format!("{} holds no number", self.point.canonical())),
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
            let place = self.point.canonical();
            return match look {
                Ok(read_back) => WriteVerdict::NotApplied {
                    why: format!("{place} acknowledged {written}, but still reads {read_back} (allowed difference {tolerance})"),
                },
                Err(why) => WriteVerdict::Unknown { why: format!("{place} acknowledged {written}, but could not be read back: {why}") },
            };
        }
    }

    /// What rounding into the register may have cost: half a step of an integer, a few bits of a float.
    fn resolution(&self) -> f64 {
        match self.point.address.kind() {
            value::ValueType::F32 | value::ValueType::F64 => self.point.scale.abs() * 1e-6,
            _ => self.point.scale.abs() / 2.0,
        }
    }
}

/// The registers that say it, before scale and offset.
fn outgoing(point: &Point, value: f64) -> Result<Outgoing, DoesNotFit> {
    let raw = (value - point.offset) / point.scale;
    let start = point.address.offset();
    match point.address.table() {
        Table::Coil => Ok(Outgoing::Coil { at: start, on: value::as_bit(raw)? }),
        _ => Ok(Outgoing::Registers { start, words: value::encode(point.address.kind(), point.order, raw)? }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::value::ByteOrder;

    fn point(address: &str, scale: f64, offset: f64) -> Point {
        let signal = "pump/speed_setpoint".parse().unwrap();
        Point { signal, unit: 1, address: address.parse().unwrap(), order: ByteOrder::Cdab, scale, offset, class: 0, range: None, writable: true }
    }

    #[test]
    fn scale_and_offset_are_undone_before_sending() {
        let sent = outgoing(&point("holding:5:i16", 0.1, -10.0), 12.3).unwrap();
        assert_eq!(sent, Outgoing::Registers { start: 5, words: vec![223] });
        let sent = outgoing(&point("holding:6:u32", 1.0, 0.0), 65_537.0).unwrap();
        assert_eq!(sent, Outgoing::Registers { start: 6, words: vec![1, 1] });
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_before_sending() {
        assert!(outgoing(&point("holding:5:i16", 0.001, 0.0), 60.0).is_err());
        assert!(outgoing(&point("coil:5", 1.0, 0.0), 2.0).is_err());
        assert_eq!(outgoing(&point("coil:5", 1.0, 0.0), 1.0), Ok(Outgoing::Coil { at: 5, on: true }));
    }
}
