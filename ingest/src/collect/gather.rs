//! A device that tells by itself: what it tells is gathered into scans, and what it has not told for long is no value any more.
//!
//! A value that would overwrite one that was not handed on yet closes the scan first, so nothing that was told is lost. While the connection
//! is gone, every point is reported as missing at the pace of its class, like a device that is asked and does not answer. A source that
//! waits for receipts is not kept waiting until its class is due: brokers have few messages under way, and the rest would pile up there.

use super::{
    Attended, Tally,
    checkup::Given,
    link::{Heard, Link},
    sieve::Sieves,
};
use crate::{
    device::Device,
    news::News,
    outlet::DeviceOutlet,
    protocol::{PointNo, Told},
    receipt::Receipt,
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

/// Messages that wait for a receipt, at most, before all that was told is handed on. Brokers have 10 or more under way.
const OWED: usize = 8;

/// Everything that gathering needs.
pub(crate) struct Gatherer {
    pub device: Arc<Device>,
    pub heard: mpsc::Receiver<Heard>,
    pub outlet: Arc<DeviceOutlet>,
    pub clock: Arc<dyn Clock>,
    pub speed: f64,
    pub tally: Arc<Mutex<Tally>>,
    pub news: Arc<News>,
    pub sieves: Sieves,
    pub links: BTreeMap<u16, Link>,
}

/// One class: the scan that is being filled, and since when each point has been silent.
struct Basket {
    gather: Duration,
    stale_after: Option<Duration>,
    missing_every: Duration,
    filling: BTreeMap<PointNo, Reading>,
    receipts: Vec<Receipt>,
    began: Option<(Instant, Timestamp)>,
    /// When each point was told last; at the start and at a loss, then.
    last: BTreeMap<PointNo, Instant>,
    missing_due: Instant,
}

impl Gatherer {
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut baskets = self.baskets(Instant::now());
        let (mut lost, mut owed) = (true, 0);
        loop {
            let due = baskets.iter().map(|basket| basket.due()).min();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                heard = self.heard.recv() => match heard {
                    Some(Heard::Told(bulletin)) => {
                        lost = false;
                        if let Some(why) = bulletin.lost {
                            self.outlet.note_lost(self.stamp(Instant::now()), why);
                        }
                        for told in bulletin.told {
                            self.put(&mut baskets, told, bulletin.receipt.as_ref());
                        }
                        if let Some(receipt) = bulletin.receipt {
                            owed += receipt.messages();
                            receipt.give();
                        }
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
            let is_waited_for = owed >= OWED;
            owed = if is_waited_for { 0 } else { owed };
            for basket in &mut baskets {
                if is_waited_for || basket.is_full(now) {
                    self.hand_on(basket);
                }
                if now >= basket.missing_due {
                    self.say_what_is_missing(basket, lost, now);
                }
            }
        }
        baskets.iter_mut().for_each(|basket| self.hand_on(basket));
        let now = self.stamp(Instant::now());
        let rest = self.sieves.rest(now);
        self.offer(now, now, rest);
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
                receipts: vec![],
                began: None,
                last: mine.map(|(number, _)| (number, now)).collect(),
                missing_due: now + gather,
            }
        };
        self.device.classes.iter().enumerate().map(of_class).collect()
    }

    fn put(&mut self, baskets: &mut [Basket], Told { point: number, answer }: Told, receipt: Option<&Receipt>) {
        let Some(point) = self.device.points.get(number) else { return };
        let Some(basket) = baskets.get_mut(point.class) else { return };
        let now = Instant::now();
        let reading = point.reading(&answer);
        if let Some(then) = answer.as_ref().ok().filter(|value| value.historical).and_then(|value| value.source_time) {
            // Old news comes as a scan of its own time, so that it is late and nothing is done about it.
            let received = self.stamp(now);
            self.outlet.offer_owing(then.min(received), received, vec![reading], receipt.cloned().into_iter().collect());
            return;
        }
        if basket.filling.contains_key(&number) {
            self.hand_on(basket);
        }
        basket.began.get_or_insert_with(|| (now, self.stamp(now)));
        basket.filling.insert(number, reading);
        basket.owes(receipt);
        basket.last.insert(number, now);
    }

    fn hand_on(&mut self, basket: &mut Basket) {
        let Some((began, scanned_at)) = basket.began.take() else { return };
        let (filled, receipts) = (std::mem::take(&mut basket.filling), std::mem::take(&mut basket.receipts));
        let now = Instant::now();
        let received_at = self.stamp(now);
        let mut given: BTreeMap<u16, Given> = BTreeMap::new();
        for (number, reading) in &filled {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.remember(self.unit_of(*number), [reading]);
            given.entry(self.unit_of(*number)).or_default().add(reading.quality());
        }
        for (unit, given) in given {
            self.attend(received_at, unit, given, given.is_nothing());
        }
        let readings = self.sieves.sift(scanned_at, filled.into_values().collect());
        self.offer_owing(scanned_at, received_at, readings, receipts);
        let late_by = now.saturating_duration_since(began + basket.gather);
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).lateness.polled(late_by, Duration::ZERO, basket.gather, 0);
    }

    fn offer(&mut self, scanned_at: Timestamp, received_at: Timestamp, readings: Vec<Reading>) {
        self.offer_owing(scanned_at, received_at, readings, vec![]);
    }

    fn offer_owing(&mut self, scanned_at: Timestamp, received_at: Timestamp, readings: Vec<Reading>, receipts: Vec<Receipt>) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).left_out += self.sieves.take_left_out();
        if readings.is_empty() {
            // Left out on purpose, which is as good as kept.
            return receipts.into_iter().for_each(Receipt::give);
        }
        self.outlet.offer_owing(scanned_at, received_at, readings, receipts);
    }

    fn unit_of(&self, point: PointNo) -> u16 {
        self.device.points.get(point).map_or(1, |point| point.unit)
    }

    /// Whether a unit is there.
    fn attend(&self, at: Timestamp, unit: u16, given: Given, silent: bool) {
        let attended = Attended { at, given, silent, scans: 1, room: self.news.has_room(&self.device.id) };
        let why = || self.links.get(&unit).and_then(|link| link.health().last_error).unwrap_or_else(|| "it tells nothing any more".into());
        let noticed = self.tally.lock().unwrap_or_else(PoisonError::into_inner).count(unit, &attended, why);
        if let Some(noticed) = noticed {
            self.news.noticed(&self.device.id, self.outlet.epoch(), unit, noticed);
        }
    }

    /// A unit of which nothing is heard any more is silent; of one that tells only some of its points, the others are missing.
    fn attend_to_missing(&self, at: Timestamp, basket: &Basket, missing: &[PointNo]) {
        let mut units: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
        basket.last.keys().for_each(|number| units.entry(self.unit_of(*number)).or_default().0 += 1);
        missing.iter().for_each(|number| units.entry(self.unit_of(*number)).or_default().1 += 1);
        for (unit, (points, missing)) in units {
            self.attend(at, unit, Given { good: 0, bad: missing, unanswered: missing }, missing == points);
        }
    }

    /// Every point while the connection is gone; else those that were not told for too long.
    fn say_what_is_missing(&mut self, basket: &mut Basket, lost: bool, now: Instant) {
        basket.missing_due = now + basket.missing_every;
        let is_stale = |last: &Instant| basket.stale_after.is_some_and(|after| now.saturating_duration_since(*last) >= after);
        let missing: Vec<PointNo> = basket.last.iter().filter(|(_, last)| lost || is_stale(last)).map(|(number, _)| *number).collect();
        let at = self.stamp(now);
        let overdue = self.sieves.overdue(at);
        self.offer(at, at, overdue);
        self.attend_to_missing(at, basket, &missing);
        if missing.is_empty() {
            return;
        }
        self.hand_on(basket);
        let of_point = |number: &PointNo| Some(self.device.points.get(*number)?.missing(Quality::BadNoCommunication));
        let readings: Vec<Reading> = missing.iter().filter_map(of_point).collect();
        let at = self.stamp(now);
        let readings = self.sieves.sift(at, readings);
        self.offer(at, at, readings);
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
    fn owes(&mut self, receipt: Option<&Receipt>) {
        let is_known = |receipt: &&Receipt| self.receipts.last().is_some_and(|last| last.is_for_the_same(receipt));
        let new = receipt.filter(|receipt| !is_known(receipt)).cloned();
        self.receipts.extend(new);
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
