//! The one task that owns a line. It answers one question after the other and never lets a late answer meet a later question.
//!
//! Any timeout or mismatch drops the connection: the answer may still come, and the next question would take it for its own. A unit that
//! stays silent is left alone by its circuit breaker, so that on a shared bus it costs the others at most a timeout now and then. A write is
//! sent once, whatever happens.

use super::{
    backoff::Backoff,
    breaker::Breaker,
    link::{Ask, Health, Heard, LinkState, ReadFailed, Sent},
};
use crate::{
    device::Device,
    gate::Gate,
    protocol::{Answer, PointNo, Refusal, Wire, WireError, with_causes},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc,
    time::{error::Elapsed, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Controllers and firewalls close what is idle for a minute or two, some of them without a word: a connection that was not used for so
/// long is made anew, which costs less than a scan without values.
const IDLE: Duration = Duration::from_secs(50);

pub(crate) struct Keeper {
    device: Arc<Device>,
    line: usize,
    units: BTreeMap<u16, Unit>,
    wire: Option<Box<dyn Wire>>,
    backoff: Backoff,
    last_request: Option<Instant>,
    heard: Option<mpsc::Sender<Heard>>,
}

/// One unit on the line.
pub(super) struct Unit {
    number: u16,
    breaker: Breaker,
    health: Health,
}

/// A question that was not answered as it should.
enum Fault {
    Refused(Refusal),
    Silence(String),
}

impl Keeper {
    pub(super) fn new(device: Arc<Device>, line: usize, units: BTreeMap<u16, Unit>, seed: u64, heard: Option<mpsc::Sender<Heard>>) -> Self {
        let seed = device.id.as_str().bytes().fold(seed ^ line as u64, |mixed, byte| mixed.rotate_left(8) ^ u64::from(byte));
        Self { device, line, units, wire: None, backoff: Backoff::seeded(seed), last_request: None, heard }
    }

    pub(super) async fn run(mut self, mut questions: mpsc::Receiver<Ask>, lost: CancellationToken) {
        let working = async {
            if let Some(heard) = self.heard.take() {
                self.listen(&mut questions, &heard).await;
            }
            while let Some(question) = questions.recv().await {
                self.answer(question).await;
            }
        };
        tokio::select! {
            biased;
            () = lost.cancelled() => {}
            () = working => {}
        }
    }

    /// Stays connected and hands on what is told, and answers questions in between, for as long as somebody gathers.
    async fn listen(&mut self, questions: &mut mpsc::Receiver<Ask>, heard: &mpsc::Sender<Heard>) {
        // Said once for each loss: what was told before does not count any more.
        let mut is_lost = false;
        loop {
            if self.wire.is_none() {
                if !is_lost && heard.send(Heard::Lost).await.is_err() {
                    return;
                }
                is_lost = true;
                self.reconnect().await;
            }
            let Some(wire) = &mut self.wire else {
                tokio::select! {
                    question = questions.recv() => match question {
                        Some(question) => self.answer(question).await,
                        None => return,
                    },
                    () = tokio::time::sleep(self.backoff.remaining(Instant::now())) => {}
                }
                continue;
            };
            is_lost = false;
            tokio::select! {
                biased;
                question = questions.recv() => match question {
                    Some(question) => self.answer(question).await,
                    None => return,
                },
                told = wire.next() => match told {
                    Ok(told) => {
                        if heard.send(Heard::Told(told)).await.is_err() {
                            return;
                        }
                        self.units.values_mut().for_each(|unit| unit.breaker.answered());
                    }
                    Err(broken) => self.lose(with_causes(&broken)),
                },
            }
        }
    }

    async fn reconnect(&mut self) {
        let now = Instant::now();
        if self.backoff.admits(now)
            && let Ok(wire) = self.connect(now).await
        {
            self.wire = Some(wire);
        }
    }

    /// A connection that broke by itself is connected to again after a while, not at once: whoever breaks it may go on doing so.
    fn lose(&mut self, why: String) {
        self.wire = None;
        self.backoff.failed(Instant::now());
        self.units.values().for_each(|unit| unit.now(&self.device, LinkState::Reconnecting, why.clone()));
    }

    async fn answer(&mut self, question: Ask) {
        // A poller or writer that no longer waits for its answer needs none.
        match question {
            Ask::Read { unit, points, timeout, answer } => drop(answer.send(self.read(unit, &points, timeout).await)),
            Ask::Write { unit, point, raw, gate, timeout, answer } => drop(answer.send(self.write(unit, point, raw, &gate, timeout).await)),
        }
    }

    async fn read(&mut self, unit: u16, points: &[PointNo], limit: Duration) -> Result<Vec<Answer>, ReadFailed> {
        let mut wire = self.usable(unit).await.map_err(ReadFailed::NotAsked)?;
        let answer = timeout(limit, wire.read(points)).await;
        let answer = answer.map(|answer| answer.and_then(|answers| as_many(answers, points.len())));
        match self.judge(unit, wire, answer, limit) {
            Ok(answers) => Ok(answers),
            Err(Fault::Refused(refusal)) => Err(refusal.into()),
            Err(Fault::Silence(why)) => Err(ReadFailed::NoAnswer(why)),
        }
    }

    async fn write(&mut self, unit: u16, point: PointNo, raw: f64, gate: &Arc<Gate>, limit: Duration) -> Sent {
        let mut wire = match self.usable(unit).await {
            Ok(wire) => wire,
            Err(why) => return Sent::NotSent(why),
        };
        // The wire asks once more itself; asked here, the connection survives a no.
        if let Err(why) = gate.check() {
            self.wire = Some(wire);
            self.probe_not_sent(unit);
            return Sent::NotSent(why);
        }
        let answer = timeout(limit, wire.write(point, raw, gate)).await;
        if !gate.has_passed() {
            drop(wire);
            self.probe_not_sent(unit);
            return Sent::NotSent(gate.check().err().unwrap_or_else(|| not_sent(answer)));
        }
        match self.judge(unit, wire, answer, limit) {
            Ok(()) => Sent::Acknowledged,
            Err(Fault::Refused(refusal)) => Sent::Refused(refusal),
            Err(Fault::Silence(why)) => Sent::NoAnswer(why),
        }
    }

    /// The wire, taken out so that an aborted question drops it; connected first if need be. `Err` says why nothing may be asked now.
    async fn usable(&mut self, unit: u16) -> Result<Box<dyn Wire>, String> {
        let now = Instant::now();
        let Some(asked) = self.units.get_mut(&unit) else { return Err(format!("unit {unit} is not on this line")) };
        if !asked.breaker.admits(now) {
            return Err(format!("unit {unit} does not answer and is left alone for a while"));
        }
        let is_idle = !self.device.is_told() && self.last_request.is_some_and(|last| now.saturating_duration_since(last) > IDLE);
        let wire = match self.wire.take().filter(|_| !is_idle) {
            Some(wire) => Ok(wire),
            None => self.connect(now).await,
        };
        if wire.is_err() {
            self.probe_not_sent(unit);
        }
        if let (Ok(_), Some(last)) = (&wire, self.last_request) {
            tokio::time::sleep(self.device.pause.saturating_sub(last.elapsed())).await;
        }
        wire
    }

    fn probe_not_sent(&mut self, unit: u16) {
        if let Some(unit) = self.units.get_mut(&unit) {
            unit.breaker.probe_not_sent(Instant::now());
        }
    }

    async fn connect(&mut self, now: Instant) -> Result<Box<dyn Wire>, String> {
        if !self.backoff.admits(now) {
            let last = self.units.values().find_map(|unit| unit.health.lock().unwrap_or_else(PoisonError::into_inner).last_error.clone());
            return Err(last.unwrap_or_else(|| "not connected yet".into()));
        }
        let Device { address, connect_timeout, protocol, .. } = &*self.device;
        let failed = match timeout(*connect_timeout, protocol.connect(self.line)).await {
            Ok(Ok(wire)) => {
                self.backoff.connected();
                self.units.values().for_each(|unit| unit.now_connected(&self.device));
                return Ok(wire);
            }
            Ok(Err(cause)) => format!("cannot connect to {address}: {cause}"),
            Err(_elapsed) => format!("cannot connect to {address}: no answer within {} ms", connect_timeout.as_millis()),
        };
        self.backoff.failed(Instant::now());
        self.units.values().for_each(|unit| unit.now(&self.device, LinkState::Reconnecting, failed.clone()));
        Err(failed)
    }

    /// Keeps the wire only if its last answer was an answer to its last question.
    fn judge<T>(&mut self, unit: u16, wire: Box<dyn Wire>, answer: Result<Result<T, WireError>, Elapsed>, limit: Duration) -> Result<T, Fault> {
        self.last_request = Some(Instant::now());
        let Some(asked) = self.units.get_mut(&unit) else { return Err(Fault::Silence(format!("unit {unit} is not on this line"))) };
        asked.health.lock().unwrap_or_else(PoisonError::into_inner).requests += 1;
        let why = match answer {
            Ok(Ok(values)) => {
                self.wire = Some(wire);
                asked.answered(&self.device);
                return Ok(values);
            }
            Ok(Err(WireError::Refused(refusal))) => {
                self.wire = Some(wire);
                match refusal {
                    Refusal::Unreachable(_) => asked.silent(&self.device, refusal.to_string()),
                    _ => asked.answered(&self.device),
                }
                return Err(Fault::Refused(refusal));
            }
            Ok(Err(broken)) => with_causes(&broken),
            Err(_elapsed) => format!("no answer within {} ms", limit.as_millis()),
        };
        drop(wire);
        asked.silent(&self.device, why.clone());
        Err(Fault::Silence(why))
    }
}

/// A protocol that gives another number of answers than points would shift values to their neighbours.
fn as_many(answers: Vec<Answer>, points: usize) -> Result<Vec<Answer>, WireError> {
    if answers.len() == points { Ok(answers) } else { Err(WireError::Mismatch(format!("{} values for {points} points", answers.len()))) }
}

fn not_sent(answer: Result<Result<(), WireError>, Elapsed>) -> String {
    match answer {
        Ok(Err(error)) => format!("not one byte was sent: {}", with_causes(&error)),
        _ => "the device takes nothing; not one byte was sent".into(),
    }
}

impl Unit {
    pub(super) fn new(number: u16, health: Health) -> Self {
        Self { number, breaker: Breaker::default(), health }
    }

    /// On a shared line the connection may have been made anew for another unit; this one is back when it answers itself.
    fn answered(&mut self, device: &Device) {
        self.breaker.answered();
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.state != LinkState::Connected {
            let (device, unit) = (&device.id, self.number);
            info!(%device, unit, "device {device}, unit {unit} answers again");
            health.state = LinkState::Connected;
        }
    }

    fn silent(&mut self, device: &Device, why: String) {
        self.breaker.fell_silent(Instant::now());
        let state = if self.breaker.is_closed() { LinkState::Reconnecting } else { LinkState::Suspended };
        self.now(device, state, why);
    }

    fn now_connected(&self, device: &Device) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.connects += 1;
        if !self.breaker.is_closed() {
            return;
        }
        if health.state != LinkState::Connected {
            let (device, unit, address) = (&device.id, self.number, device.address.as_str());
            info!(%device, unit, address, "connected to device {device}, unit {unit}");
        }
        health.state = LinkState::Connected;
    }

    /// Logged once per change of state, never per poll: a dead device must not flood the log.
    fn now(&self, device: &Device, state: LinkState, why: String) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.state != state {
            let (device, unit) = (&device.id, self.number);
            warn!(%device, unit, state = state.as_str(), why, "device {device}, unit {unit} is {}: {why}", state.as_str());
        }
        health.state = state;
        health.last_error = Some(why);
    }
}
