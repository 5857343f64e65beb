//! A device that tells by itself: what it tells is gathered into scans, and what it has not told for long is no value any more.
//!
//! A value that would overwrite one that was not handed on yet closes the scan first, so nothing that was told is lost. While the connection
//! is gone, every point is reported as missing at the pace of its class, like a device that is asked and does not answer.

use super::{Tally, link::Heard};
use crate::{
    device::Device,
    outlet::DeviceOutlet,
    protocol::{PointNo, Told},
};
use millwright_domain::{
    Timestamp,
    ports::clock::Clock,
    reading::{Quality, Reading},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

/// Missing values are told no more often than this.
const MISSING_EVERY: Duration = Duration::from_secs(1);

/// Everything that gathering needs.
pub(crate) struct Gatherer {
    pub device: Arc<Device>,
    pub heard: mpsc::Receiver<Heard>,
    pub outlet: Arc<DeviceOutlet>,
    pub clock: Arc<dyn Clock>,
    pub speed: f64,
    pub tally: Arc<Mutex<Tally>>,
}

/// One class: the scan that is being filled, and since when each point has been silent.
struct Basket {
    gather: Duration,
    stale_after: Option<Duration>,
    missing_every: Duration,
    filling: BTreeMap<PointNo, Reading>,
    began: Option<(Instant, Timestamp)>,
    /// When each point was told last; at the start and at a loss, then.
    last: BTreeMap<PointNo, Instant>,
    missing_due: Instant,
}

impl Gatherer {
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut baskets = self.baskets(Instant::now());
        let mut lost = true;
        loop {
            let due = baskets.iter().map(|basket| basket.due()).min();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                heard = self.heard.recv() => match heard {
                    Some(Heard::Told(told)) => {
                        lost = false;
                        told.into_iter().for_each(|told| self.put(&mut baskets, told));
                    }
                    Some(Heard::Lost) => {
                        lost = true;
                        // At once: whoever waits for a value learns that there is none.
                        baskets.iter_mut().for_each(|basket| basket.missing_due = Instant::now());
                    }
                    None => break,
                },
                () = until(due) => {}
            }
            let now = Instant::now();
            for basket in &mut baskets {
                if basket.is_full(now) {
                    self.hand_on(basket);
                }
                if now >= basket.missing_due {
                    self.say_what_is_missing(basket, lost, now);
                }
            }
        }
        baskets.iter_mut().for_each(|basket| self.hand_on(basket));
    }

    fn baskets(&self, now: Instant) -> Vec<Basket> {
        let of_class = |(index, class): (usize, &crate::classes::Class)| {
            let mine = self.device.points.iter().enumerate().filter(|(_, point)| point.class == index);
            let gather = class.interval.div_f64(self.speed).max(Duration::from_millis(1));
            Basket {
                gather,
                stale_after: class.stale_after.map(|after| after.div_f64(self.speed)),
                missing_every: gather.max(MISSING_EVERY.div_f64(self.speed)),
                filling: BTreeMap::new(),
                began: None,
                last: mine.map(|(number, _)| (number, now)).collect(),
                missing_due: now + gather,
            }
        };
        self.device.classes.iter().enumerate().map(of_class).collect()
    }

    fn put(&self, baskets: &mut [Basket], Told { point: number, answer }: Told) {
        let Some(point) = self.device.points.get(number) else { return };
        let Some(basket) = baskets.get_mut(point.class) else { return };
        let now = Instant::now();
        let reading = point.reading(&answer);
        if let Some(then) = answer.as_ref().ok().filter(|value| value.historical).and_then(|value| value.source_time) {
            // Old news comes as a scan of its own time, so that it is late and nothing is done about it.
            let received = self.stamp(now);
            self.outlet.offer(then.min(received), received, vec![reading]);
            return;
        }
        if basket.filling.contains_key(&number) {
            self.hand_on(basket);
        }
        basket.began.get_or_insert_with(|| (now, self.stamp(now)));
        basket.filling.insert(number, reading);
        basket.last.insert(number, now);
    }

    fn hand_on(&self, basket: &mut Basket) {
        let Some((began, scanned_at)) = basket.began.take() else { return };
        let readings = std::mem::take(&mut basket.filling).into_values().collect();
        let now = Instant::now();
        self.outlet.offer(scanned_at, self.stamp(now), readings);
        let late_by = now.saturating_duration_since(began + basket.gather);
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).lateness.polled(late_by, Duration::ZERO, basket.gather, 0);
    }

    /// Every point while the connection is gone; else those that were not told for too long.
    fn say_what_is_missing(&self, basket: &mut Basket, lost: bool, now: Instant) {
        basket.missing_due = now + basket.missing_every;
        let is_stale = |last: &Instant| basket.stale_after.is_some_and(|after| now.saturating_duration_since(*last) >= after);
        let missing: Vec<PointNo> = basket.last.iter().filter(|(_, last)| lost || is_stale(last)).map(|(number, _)| *number).collect();
        if missing.is_empty() {
            return;
        }
        self.hand_on(basket);
        let readings = missing.iter().filter_map(|number| Some(self.device.points.get(*number)?.missing(Quality::BadNoCommunication)));
        let at = self.stamp(now);
        self.outlet.offer(at, at, readings.collect());
    }

    fn stamp(&self, at: Instant) -> Timestamp {
        let shown = self.clock.now().plant;
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).stamps.stamp(shown, at.into_std())
    }
}

impl Basket {
    fn is_full(&self, now: Instant) -> bool {
        self.began.is_some_and(|(began, _)| now >= began + self.gather)
    }
    /// When to look at it next.
    fn due(&self) -> Instant {
        let full = self.began.map(|(began, _)| began + self.gather);
        full.map_or(self.missing_due, |full| full.min(self.missing_due))
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
