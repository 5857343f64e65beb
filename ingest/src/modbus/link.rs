//! The one task that owns the connection to one unit. Polling and writing ask it; it never lets a late answer meet a later question.
//!
//! Each unit has a connection of its own, so a dead unit cannot delay another even for one timeout. Any timeout or mismatch drops the
//! socket: the answer may still come, and the next question would take it for its own. A write is sent once, whatever happens.

use super::{
    address::Table,
    backoff::Backoff,
    breaker::Breaker,
    wire::{Exception, Items, Outgoing, Wire, WireError},
};
use crate::gate::Gate;
use std::{
    error::Error as StdError,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Questions that may wait. One poller and one writer ask; more means that something is wrong.
const WAITING_ROOM: usize = 8;

/// Why there are no values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadFailed {
    #[error(transparent)]
    Refused(#[from] Exception),
    /// Asked, but not answered in a way that can be trusted.
    #[error("{0}")]
    NoAnswer(String),
    /// Not asked: the device is being left alone, or cannot be connected to.
    #[error("{0}")]
    NotAsked(String),
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Acknowledged,
    /// Certainly without effect.
    NotSent(String),
    Refused(Exception),
    /// Sent, at least in part, and no answer to trust.
    NoAnswer(String),
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkState {
    #[default]
    NotYet,
    Connected,
    /// Lost or never there; tried again after a growing while.
    Reconnecting,
    /// The unit does not answer and is left alone between probes.
    Suspended,
}

impl LinkState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Suspended => "suspended",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkHealth {
    pub state: LinkState,
    pub last_error: Option<String>,
    /// Sockets that were opened, the first included.
    pub connects: u64,
    pub requests: u64,
}

pub struct LinkSettings {
    pub device: String,
    pub address: String,
    pub unit: u8,
    pub connect_timeout: Duration,
    pub pause: Duration,
    pub seed: u64,
}

enum Ask {
    Read { table: Table, start: u16, count: u16, timeout: Duration, answer: oneshot::Sender<Result<Items, ReadFailed>> },
    Write { outgoing: Outgoing, gate: Arc<Gate>, timeout: Duration, answer: oneshot::Sender<Sent> },
}

/// The way to ask. Cloned by the poller and the writer.
#[derive(Clone)]
pub struct Link {
    asks: mpsc::Sender<Ask>,
    health: Arc<Mutex<LinkHealth>>,
}

impl Link {
    /// The link and the task to run it. It ends after its last answer once every asker is gone; when `lost`, at once and with its socket.
    pub fn new(settings: LinkSettings, lost: CancellationToken) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (asks, questions) = mpsc::channel(WAITING_ROOM);
        let health = Arc::new(Mutex::new(LinkHealth::default()));
        let keeper = Keeper {
            backoff: Backoff::seeded(settings.seed),
            breaker: Breaker::default(),
            settings,
            wire: None,
            last_request: None,
            health: health.clone(),
        };
        (Self { asks, health }, keeper.run(questions, lost))
    }

    pub async fn read(&self, table: Table, start: u16, count: u16, timeout: Duration) -> Result<Items, ReadFailed> {
        let (answer, answered) = oneshot::channel();
        let stopped = || ReadFailed::NotAsked("the collector is stopping".into());
        if self.asks.send(Ask::Read { table, start, count, timeout, answer }).await.is_err() {
            return Err(stopped());
        }
        answered.await.unwrap_or_else(|_dropped| Err(stopped()))
    }

    /// Sends once, if the gate is open right before the first byte.
    pub async fn write(&self, outgoing: Outgoing, gate: Arc<Gate>, timeout: Duration) -> Sent {
        let (answer, answered) = oneshot::channel();
        if self.asks.send(Ask::Write { outgoing, gate: gate.clone(), timeout, answer }).await.is_err() {
            return Sent::NotSent("the collector has given the device up".into());
        }
        // The task was stopped with the question in its hands.
        let unanswered = || match gate.has_passed() {
            true => Sent::NoAnswer("the collector lost the device while writing".into()),
            false => Sent::NotSent("the collector lost the device before the first byte".into()),
        };
        answered.await.unwrap_or_else(|_dropped| unanswered())
    }

    pub fn health(&self) -> LinkHealth {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The task's state.
struct Keeper {
    settings: LinkSettings,
    wire: Option<Wire>,
    backoff: Backoff,
    breaker: Breaker,
    last_request: Option<Instant>,
    health: Arc<Mutex<LinkHealth>>,
}

impl Keeper {
    async fn run(mut self, mut questions: mpsc::Receiver<Ask>, lost: CancellationToken) {
        let answering = async {
            while let Some(question) = questions.recv().await {
                self.answer(question).await;
            }
        };
        tokio::select! {
            biased;
            () = lost.cancelled() => {}
            () = answering => {}
        }
    }

    async fn answer(&mut self, question: Ask) {
        // A poller or writer that no longer waits for its answer needs none.
        match question {
            Ask::Read { table, start, count, timeout, answer } => drop(answer.send(self.read(table, start, count, timeout).await)),
            Ask::Write { outgoing, gate, timeout, answer } => drop(answer.send(self.write(&outgoing, &gate, timeout).await)),
        }
    }

    async fn read(&mut self, table: Table, start: u16, count: u16, limit: Duration) -> Result<Items, ReadFailed> {
        let mut wire = self.usable().await.map_err(ReadFailed::NotAsked)?;
        let answer = timeout(limit, wire.read(table, start, count)).await;
        match self.judge(wire, answer, limit) {
            Ok(items) => Ok(items),
            Err(Fault::Exception(exception)) => Err(exception.into()),
            Err(Fault::Silence(why)) => Err(ReadFailed::NoAnswer(why)),
        }
    }

    async fn write(&mut self, outgoing: &Outgoing, gate: &Arc<Gate>, limit: Duration) -> Sent {
        let mut wire = match self.usable().await {
            Ok(wire) => wire,
            Err(why) => return Sent::NotSent(why),
        };
        // The socket asks once more itself; asked here, the connection survives a no.
        if let Err(why) = gate.check() {
            self.wire = Some(wire);
            self.breaker.probe_not_sent(Instant::now());
            return Sent::NotSent(why);
        }
        let answer = timeout(limit, wire.write(outgoing, gate)).await;
        if !gate.has_passed() {
            drop(wire);
            self.breaker.probe_not_sent(Instant::now());
            return Sent::NotSent(gate.check().err().unwrap_or_else(|| "the device takes nothing; not one byte was sent".into()));
        }
        match self.judge(wire, answer, limit) {
            Ok(()) => Sent::Acknowledged,
            Err(Fault::Exception(exception)) => Sent::Refused(exception),
            Err(Fault::Silence(why)) => Sent::NoAnswer(why),
        }
    }

    /// The wire, taken out so that an aborted question drops it; connected first if need be. `Err` says why nothing may be asked now.
    async fn usable(&mut self) -> Result<Wire, String> {
        let now = Instant::now();
        if !self.breaker.admits(now) {
            return Err(format!("unit {} does not answer and is left alone for a while", self.settings.unit));
        }
        let wire = match self.wire.take() {
            Some(wire) => Ok(wire),
            None => self.connect(now).await,
        };
        if wire.is_err() {
            self.breaker.probe_not_sent(Instant::now());
        }
        if let (Ok(_), Some(last)) = (&wire, self.last_request) {
            tokio::time::sleep(self.settings.pause.saturating_sub(last.elapsed())).await;
        }
        wire
    }

    async fn connect(&mut self, now: Instant) -> Result<Wire, String> {
        if !self.backoff.admits(now) {
            let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
            return Err(health.last_error.clone().unwrap_or_else(|| "not connected yet".into()));
        }
        let LinkSettings { address, unit, connect_timeout, .. } = &self.settings;
        let failed = match timeout(*connect_timeout, Wire::connect(address, *unit)).await {
            Ok(Ok(wire)) => {
                self.backoff.connected();
                self.now_connected();
                return Ok(wire);
            }
            Ok(Err(cause)) => format!("cannot connect to {address}: {cause}"),
            Err(_elapsed) => format!("cannot connect to {address}: no answer within {} ms", connect_timeout.as_millis()),
        };
        self.backoff.failed(Instant::now());
        self.now(LinkState::Reconnecting, failed.clone());
        Err(failed)
    }

    /// Keeps the wire only if its last answer was an answer to its last question.
    fn judge<T>(&mut self, wire: Wire, answer: Result<Result<T, WireError>, tokio::time::error::Elapsed>, limit: Duration) -> Result<T, Fault> {
        self.last_request = Some(Instant::now());
        self.health.lock().unwrap_or_else(PoisonError::into_inner).requests += 1;
        let why = match answer {
            Ok(Ok(items)) => {
                self.wire = Some(wire);
                self.breaker.answered();
                return Ok(items);
            }
            Ok(Err(WireError::Exception(exception))) => {
                self.wire = Some(wire);
                match exception {
                    Exception::Gateway(_) => self.silent(exception.to_string()),
                    _ => self.breaker.answered(),
                }
                return Err(Fault::Exception(exception));
            }
            Ok(Err(broken)) => with_causes(&broken),
            Err(_elapsed) => format!("no answer within {} ms", limit.as_millis()),
        };
        drop(wire);
        self.silent(why.clone());
        Err(Fault::Silence(why))
    }

    fn silent(&mut self, why: String) {
        self.breaker.fell_silent(Instant::now());
        let state = if self.breaker.is_closed() { LinkState::Reconnecting } else { LinkState::Suspended };
        self.now(state, why);
    }

    fn now_connected(&mut self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.connects += 1;
        if health.state != LinkState::Connected {
            let LinkSettings { device, unit, address, .. } = &self.settings;
            info!(device, unit, address, "connected to device {device}, unit {unit}");
        }
        health.state = LinkState::Connected;
    }

    /// Logged once per change of state, never per poll: a dead device must not flood the log.
    fn now(&mut self, state: LinkState, why: String) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.state != state {
            let LinkSettings { device, unit, .. } = &self.settings;
            warn!(device, unit, state = state.as_str(), why, "device {device}, unit {unit} is {}: {why}", state.as_str());
        }
        health.state = state;
        health.last_error = Some(why);
    }
}

enum Fault {
    Exception(Exception),
    Silence(String),
}

/// The error and what lies under it, as one line for a person.
fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
