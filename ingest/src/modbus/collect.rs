//! Polling one unit: each class on its own absolute schedule, one scan a round, never waiting for the log.
//!
//! Schedules run on the monotonic clock, so a clock that jumps moves no poll; in a time-lapse the wall's interval is the configured one
//! divided by the speed. A poll whose time has passed is skipped and counted, so nothing piles up behind a slow device.

use super::{
    config::{Device, Point},
    decode,
    link::{Link, ReadFailed},
    plan::{Savings, Span, Wanted, plan, refine, savings},
    wire::Exception,
};
use crate::{lateness::Lateness, outlet::DeviceOutlet, stamp::Stamps};
use millwright_domain::{Timestamp, ports::clock::Clock, reading::Reading};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What polling a device has come to so far; shared by its units.
#[derive(Debug)]
pub(crate) struct Tally {
    pub lateness: Lateness,
    pub stamps: Stamps,
    pub saved: Savings,
}

/// Everything that polling one unit needs.
pub(crate) struct Poller {
    pub device: Arc<Device>,
    pub unit: u8,
    pub link: Link,
    pub outlet: Arc<DeviceOutlet>,
    pub clock: Arc<dyn Clock>,
    pub speed: f64,
    pub tally: Arc<Mutex<Tally>>,
}

/// One class of one unit: what it reads, by which requests, and when next.
struct Round {
    points: Vec<Point>,
    wanted: Vec<Wanted>,
    spans: Vec<Span>,
    period: Duration,
    timeout: Duration,
    due: Instant,
}

impl Poller {
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut rounds = self.rounds();
        while let Some(round) = rounds.iter_mut().min_by_key(|round| round.due) {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(round.due) => {}
            }
            self.scan(round, &stop).await;
        }
    }

    fn rounds(&self) -> Vec<Round> {
        let start = Instant::now();
        let of_class = |(index, class): (usize, &super::config::Class)| {
            let mine = |point: &&Point| point.unit == self.unit && point.class == index;
            let points: Vec<Point> = self.device.points.iter().filter(mine).cloned().collect();
            let wanted: Vec<Wanted> = points.iter().map(Point::wanted).collect();
            let spans = plan(&wanted, self.device.limits);
            let period = class.interval.div_f64(self.speed).max(Duration::from_millis(1));
            let due = start + stagger(&format!("{}/{}/{}", self.device.id, self.unit, class.name), period);
            Round { points, wanted, spans, period, timeout: class.timeout, due }
        };
        self.device.classes.iter().enumerate().map(of_class).filter(|round| !round.points.is_empty()).collect()
    }

    async fn scan(&self, round: &mut Round, stop: &CancellationToken) {
        let began = Instant::now();
        let late_by = began.saturating_duration_since(round.due);
        let scanned_at = self.stamp(began);
        let readings = self.read(round).await;
        if stop.is_cancelled() {
            // The link may have stopped half-way through: its silence says nothing about the device.
            return;
        }
        let ended = Instant::now();
        self.outlet.offer(scanned_at, self.stamp(ended), readings);

        round.due += round.period;
        let skipped = round.skip_missed(ended);
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.lateness.polled(late_by, ended.duration_since(began), round.period, skipped);
        let saved = savings(&round.wanted, &round.spans);
        tally.saved.requests += saved.requests;
        tally.saved.requests_saved += saved.requests_saved;
        tally.saved.bytes_saved += saved.bytes_saved;
    }

    fn stamp(&self, at: Instant) -> Timestamp {
        let shown = self.clock.now().plant;
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).stamps.stamp(shown, at.into_std())
    }

    /// One reading for each point of the round, whatever happens.
    async fn read(&self, round: &mut Round) -> Vec<Reading> {
        let mut readings: Vec<Option<Reading>> = vec![None; round.points.len()];
        let mut refined = Vec::new();
        let mut silent = None;
        for (index, span) in round.spans.iter().enumerate() {
            let answer = match &silent {
                None => self.link.read(span.table, span.start, span.count, round.timeout).await,
                // The unit is not there: asking it for the rest would only take as many timeouts.
                Some((_, why)) => Err(ReadFailed::clone(why)),
            };
            match answer {
                Ok(items) => round.fill(&mut readings, span, |point| decode::reading(point, span.start, &items)),
                Err(ReadFailed::Refused(exception)) if span.members.len() > 1 && is_about_address(exception) => {
                    match self.read_apart(round, span, &mut readings).await {
                        Ok(bad) => refined.push((index, bad)),
                        Err(why) => silent = Some((index, why)),
                    }
                }
                Err(why) => {
                    round.fill(&mut readings, span, |point| decode::absence(point, &why));
                    if !matches!(why, ReadFailed::Refused(_)) && silent.is_none() {
                        silent = Some((index, why));
                    }
                }
            }
        }
        round.remember(refined, silent.map(|(index, _)| index), self.device.limits);
        readings.into_iter().flatten().collect()
    }

    /// Reads the members of a refused span one by one. Returns those that are to blame, or why it cannot be said yet.
    async fn read_apart(&self, round: &Round, span: &Span, readings: &mut [Option<Reading>]) -> Result<Vec<usize>, ReadFailed> {
        let mut bad = Vec::new();
        for member in &span.members {
            let (Some(wanted), Some(point), Some(slot)) = (round.wanted.get(*member), round.points.get(*member), readings.get_mut(*member)) else {
                continue;
            };
            match self.link.read(wanted.table, wanted.start, wanted.width, round.timeout).await {
                Ok(items) => *slot = Some(decode::reading(point, wanted.start, &items)),
                Err(why @ ReadFailed::Refused(_)) => {
                    bad.push(*member);
                    *slot = Some(decode::absence(point, &why));
                }
                Err(why) => {
                    round.fill(readings, span, |point| decode::absence(point, &why));
                    return Err(why);
                }
            }
        }
        Ok(bad)
    }
}

impl Round {
    fn fill(&self, readings: &mut [Option<Reading>], span: &Span, reading: impl Fn(&Point) -> Reading) {
        for member in &span.members {
            if let (Some(slot), Some(point)) = (readings.get_mut(*member), self.points.get(*member)) {
                *slot = Some(reading(point));
            }
        }
    }

    /// Splits what was refused, and moves a request that got no answer to the end, so that it cannot starve the others for ever.
    fn remember(&mut self, refined: Vec<(usize, Vec<usize>)>, silent: Option<usize>, limits: super::plan::Limits) {
        if let Some(index) = silent {
            let last = self.spans.remove(index);
            self.spans.push(last);
            return;
        }
        for (index, bad) in refined.into_iter().rev() {
            let refused = self.spans.remove(index);
            self.spans.extend(refine(&self.wanted, &refused, &bad, limits));
        }
    }

    /// Moves the schedule past the polls whose time is over, and says how many those are.
    fn skip_missed(&mut self, now: Instant) -> u64 {
        let behind = now.saturating_duration_since(self.due);
        let missed = u32::try_from(behind.as_nanos() / self.period.as_nanos().max(1)).unwrap_or(u32::MAX);
        self.due += self.period * missed;
        u64::from(missed)
    }
}

impl Point {
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted { table: self.address.table(), start: self.address.offset(), width: self.address.width() }
    }
}

fn is_about_address(exception: Exception) -> bool {
    matches!(exception, Exception::IllegalAddress | Exception::IllegalValue)
}

/// A place within the period that depends on the name alone, so that a hundred devices are not all asked at the full second.
fn stagger(name: &str, period: Duration) -> Duration {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    period.mul_f64((hash >> 11) as f64 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::super::address::Table;
    use super::*;

    fn round(period_ms: u64, due: Instant) -> Round {
        let period = Duration::from_millis(period_ms);
        Round { points: vec![], wanted: vec![], spans: vec![], period, timeout: period, due }
    }

    #[test]
    fn a_poll_that_took_too_long_skips_those_whose_time_has_passed_and_keeps_the_beat() {
        let start = Instant::now();
        let mut round = round(100, start + Duration::from_millis(100));
        assert_eq!(round.skip_missed(start + Duration::from_millis(90)), 0);
        assert_eq!(round.skip_missed(start + Duration::from_millis(350)), 2);
        assert_eq!(round.due, start + Duration::from_millis(300));
    }

    #[test]
    fn a_request_without_an_answer_comes_last_the_next_time() {
        let mut round = round(100, Instant::now());
        let span = |start| Span { table: Table::Holding, start, count: 1, members: vec![] };
        round.spans = vec![span(0), span(10), span(20)];
        round.remember(vec![], Some(0), super::super::plan::Limits { registers: 125, coils: 2_000, max_gap: 8 });
        assert_eq!(round.spans, [span(10), span(20), span(0)]);
    }

    #[test]
    fn devices_are_spread_over_the_period() {
        let period = Duration::from_secs(1);
        let early = (0..1_000).filter(|number| stagger(&format!("plc-{number}/1/default"), period) < period / 2).count();
        assert!((400..600).contains(&early), "{early}");
    }
}
