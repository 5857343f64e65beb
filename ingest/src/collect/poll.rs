//! Polling one unit: each class on its own absolute schedule, one scan a round, never waiting for the log.
//!
//! Schedules run on the monotonic clock, so a clock that jumps moves no poll; in a time-lapse the wall's interval is the configured one
//! divided by the speed. A poll whose time has passed is skipped and counted, so nothing piles up behind a slow device.

use super::{
    Attended, Tally,
    checkup::Given,
    link::{Link, ReadFailed},
    sieve::Sieves,
};
use crate::{
    classes::Class,
    device::Device,
    news::News,
    outlet::DeviceOutlet,
    protocol::{Answer, PointNo, Protocol, Refusal, Request},
};
use millwright_domain::{Timestamp, ports::clock::Clock, reading::Reading};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Everything that polling one unit needs.
pub(crate) struct Poller {
    pub device: Arc<Device>,
    pub unit: u16,
    pub link: Link,
    pub outlet: Arc<DeviceOutlet>,
    pub clock: Arc<dyn Clock>,
    pub speed: f64,
    pub tally: Arc<Mutex<Tally>>,
    pub news: Arc<News>,
}

/// One class of one unit: what it reads, by which requests, and when next.
struct Round {
    points: Vec<PointNo>,
    requests: Vec<Request>,
    period: Duration,
    timeout: Duration,
    due: Instant,
}

/// What a round has learned about the requests it is made of.
#[derive(Default)]
struct Learned {
    /// Refused requests, by place, and those of their points that are to blame.
    refused: Vec<(usize, Vec<PointNo>)>,
    /// The first request without an answer, and why. The rest of the round was not asked.
    silent: Option<(usize, ReadFailed)>,
}

impl Poller {
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut rounds = self.rounds();
        let mut sieves = Sieves::of(self.device.points.iter().filter(|point| point.unit == self.unit));
        while let Some(round) = rounds.iter_mut().min_by_key(|round| round.due) {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(round.due) => {}
            }
            self.scan(round, &mut sieves, &stop).await;
        }
        let now = self.stamp(Instant::now());
        self.hand_on(now, now, sieves.rest(now));
    }

    fn rounds(&self) -> Vec<Round> {
        let start = Instant::now();
        let of_class = |(index, class): (usize, &Class)| {
            let mine = |(_, point): &(usize, &crate::point::Point)| point.unit == self.unit && point.class == index;
            let points: Vec<PointNo> = self.device.points.iter().enumerate().filter(mine).map(|(number, _)| number).collect();
            let requests = if points.is_empty() { vec![] } else { self.device.protocol.plan(&points) };
            let period = class.interval.div_f64(self.speed).max(Duration::from_millis(1));
            let due = start + stagger(&format!("{}/{}/{}", self.device.id, self.unit, class.name), period);
            Round { points, requests, period, timeout: class.timeout, due }
        };
        self.device.classes.iter().enumerate().map(of_class).filter(|round| !round.points.is_empty()).collect()
    }

    async fn scan(&self, round: &mut Round, sieves: &mut Sieves, stop: &CancellationToken) {
        let began = Instant::now();
        let late_by = began.saturating_duration_since(round.due);
        let scanned_at = self.stamp(began);
        let readings = self.read(round).await;
        if stop.is_cancelled() {
            // The link may have stopped half-way through: its silence says nothing about the device.
            return;
        }
        let ended = Instant::now();
        let received_at = self.stamp(ended);
        round.due += round.period;
        let skipped = round.skip_missed(ended);
        self.attend(scanned_at, &readings, 1 + skipped);
        self.hand_on(scanned_at, received_at, sieves.sift(scanned_at, readings));

        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.lateness.polled(late_by, ended.duration_since(began), round.period, skipped);
        let saved = self.device.protocol.savings(&round.requests);
        tally.saved.requests += saved.requests;
        tally.saved.requests_saved += saved.requests_saved;
        tally.saved.bytes_saved += saved.bytes_saved;
        tally.left_out += sieves.take_left_out();
    }

    /// A scan in which nothing is new is none.
    fn hand_on(&self, scanned_at: Timestamp, received_at: Timestamp, readings: Vec<Reading>) {
        if !readings.is_empty() {
            self.outlet.offer(scanned_at, received_at, readings);
        }
    }

    /// Whether the unit was there. A scan that took so long that others were skipped counts for them, too.
    fn attend(&self, at: Timestamp, readings: &[Reading], scans: u64) {
        let given: Given = readings.iter().map(Reading::quality).collect();
        let attended = Attended { at, given, silent: given.is_nothing(), scans, room: self.news.has_room(&self.device.id) };
        let why = || self.link.health().last_error.unwrap_or_else(|| "no answer".into());
        let noticed = {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.remember(self.unit, readings);
            tally.count(self.unit, &attended, why)
        };
        if let Some(noticed) = noticed {
            self.news.noticed(&self.device.id, self.outlet.epoch(), self.unit, noticed);
        }
    }

    fn stamp(&self, at: Instant) -> Timestamp {
        let shown = self.clock.now().plant;
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).stamps.stamp(shown, at.into_std())
    }

    /// One reading for each point of the round, whatever happens.
    async fn read(&self, round: &mut Round) -> Vec<Reading> {
        let mut answers: BTreeMap<PointNo, Answer> = BTreeMap::new();
        let mut learned = Learned::default();
        for (index, request) in round.requests.iter().enumerate() {
            let answer = match &learned.silent {
                None => self.link.read(request, round.timeout).await,
                // The unit is not there: asking it for the rest would only take as many timeouts.
                Some((_, why)) => Err(why.clone()),
            };
            match answer {
                Ok(values) => answers.extend(request.iter().copied().zip(values)),
                Err(ReadFailed::Refused(Refusal::Address(_))) if request.len() > 1 => match self.read_apart(round, request, &mut answers).await {
                    Ok(bad) => learned.refused.push((index, bad)),
                    Err(why) => learned.silent = Some((index, why)),
                },
                Err(why) => {
                    answers.extend(request.iter().map(|point| (*point, Err(why.refusal()))));
                    if !matches!(why, ReadFailed::Refused(_)) && learned.silent.is_none() {
                        learned.silent = Some((index, why));
                    }
                }
            }
        }
        round.remember(learned, &*self.device.protocol);
        let reading = |point: &PointNo| Some(self.device.points.get(*point)?.reading(answers.get(point)?));
        round.points.iter().filter_map(reading).collect()
    }

    /// Reads the points of a refused request one by one. Returns those that are to blame, or why it cannot be said yet.
    async fn read_apart(&self, round: &Round, request: &[PointNo], answers: &mut BTreeMap<PointNo, Answer>) -> Result<Vec<PointNo>, ReadFailed> {
        let mut bad = Vec::new();
        for point in request {
            match self.link.read(&[*point], round.timeout).await {
                Ok(values) => answers.extend(values.into_iter().map(|value| (*point, value))),
                Err(ReadFailed::Refused(refusal)) => {
                    bad.push(*point);
                    answers.insert(*point, Err(refusal));
                }
                Err(why) => {
                    answers.extend(request.iter().map(|point| (*point, Err(why.refusal()))));
                    return Err(why);
                }
            }
        }
        Ok(bad)
    }
}

impl Round {
    /// Splits what was refused, and moves a request that got no answer to the end, so that it cannot starve the others for ever.
    fn remember(&mut self, learned: Learned, protocol: &dyn Protocol) {
        if let Some((index, _)) = learned.silent {
            let last = self.requests.remove(index);
            self.requests.push(last);
            return;
        }
        for (index, bad) in learned.refused.into_iter().rev() {
            let refused = self.requests.remove(index);
            self.requests.extend(protocol.refine(&refused, &bad));
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

/// A place within the period that depends on the name alone, so that a hundred devices are not all asked at the full second.
fn stagger(name: &str, period: Duration) -> Duration {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    period.mul_f64((hash >> 11) as f64 / (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(period_ms: u64, due: Instant) -> Round {
        let period = Duration::from_millis(period_ms);
        Round { points: vec![], requests: vec![], period, timeout: period, due }
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
        round.requests = vec![vec![0], vec![1], vec![2]];
        let silent = Some((0, ReadFailed::NoAnswer("late".into())));
        round.remember(Learned { silent, ..Learned::default() }, &crate::modbus::testing::registers(3));
        assert_eq!(round.requests, [[1], [2], [0]]);
    }

    #[test]
    fn devices_are_spread_over_the_period() {
        let period = Duration::from_secs(1);
        let early = (0..1_000).filter(|number| stagger(&format!("plc-{number}/1/default"), period) < period / 2).count();
        assert!((400..600).contains(&early), "{early}");
    }
}
