//! The way to ask a unit. Pollers and writers hold links; the line's keeper answers them one after the other.

use super::keeper::{Keeper, Unit};
use crate::{
    device::Device,
    gate::Gate,
    protocol::{Answer, Bulletin, PointNo, Refusal},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Questions that may wait on one line: a poller and a writer for each of its units.
const WAITING_ROOM: usize = 64;

/// Why there are no values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadFailed {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Asked, but not answered in a way that can be trusted.
    #[error("{0}")]
    NoAnswer(String),
    /// Not asked: the unit is being left alone, or cannot be connected to.
    #[error("{0}")]
    NotAsked(String),
}

impl ReadFailed {
    /// What each point of the question comes to.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::NoAnswer(why) | Self::NotAsked(why) => Refusal::Unreachable(why.clone()),
        }
    }
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Acknowledged,
    /// Certainly without effect.
    NotSent(String),
    Refused(Refusal),
    /// Sent, at least in part, and no answer to trust.
    NoAnswer(String),
}

/// How a unit stands.
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
    /// Connections that were opened, the first included.
    pub connects: u64,
    pub requests: u64,
}

/// Health that the keeper writes and everybody reads.
pub(super) type Health = Arc<Mutex<LinkHealth>>;

pub(super) enum Ask {
    Read { unit: u16, points: Vec<PointNo>, timeout: Duration, answer: oneshot::Sender<Result<Vec<Answer>, ReadFailed>> },
    Write { unit: u16, point: PointNo, raw: f64, gate: Arc<Gate>, timeout: Duration, answer: oneshot::Sender<Sent> },
}

/// What comes from a device that tells by itself.
#[derive(Debug)]
pub(crate) enum Heard {
    Told(Bulletin),
    /// The connection is gone: from here on nothing that was told before counts.
    Lost,
}

/// The way to ask one unit. Cloned by the poller and the writer.
#[derive(Clone)]
pub struct Link {
    unit: u16,
    asks: mpsc::Sender<Ask>,
    health: Health,
}

/// A line and the links to its units.
pub(crate) struct Line {
    pub links: BTreeMap<u16, Link>,
    pub keeper: Keeper,
    pub questions: Questions,
}

/// Where a keeper gets its questions from.
pub(crate) struct Questions(pub(super) mpsc::Receiver<Ask>);

impl Line {
    /// Every line of the device. `heard` takes what it tells by itself.
    pub(crate) fn all_of(device: &Arc<Device>, seed: u64, heard: Option<&mpsc::Sender<Heard>>) -> Vec<Self> {
        let mut units_of: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
        for unit in device.units() {
            units_of.entry(device.protocol.line_of(unit)).or_default().push(unit);
        }
        units_of.into_iter().map(|(line, units)| Self::new(device, line, &units, seed, heard.cloned())).collect()
    }

    fn new(device: &Arc<Device>, line: usize, units: &[u16], seed: u64, heard: Option<mpsc::Sender<Heard>>) -> Self {
        let (asks, questions) = mpsc::channel(WAITING_ROOM);
        let health: BTreeMap<u16, Health> = units.iter().map(|unit| (*unit, Health::default())).collect();
        let link = |(unit, health): (&u16, &Health)| (*unit, Link { unit: *unit, asks: asks.clone(), health: health.clone() });
        let links = health.iter().map(link).collect();
        let units = health.into_iter().map(|(unit, health)| (unit, Unit::new(unit, health))).collect();
        Self { links, keeper: Keeper::new(device.clone(), line, units, seed, heard), questions: Questions(questions) }
    }
}

impl Line {
    /// Runs until every asker is gone and answered; when `lost`, it ends at once and drops the connection.
    pub(crate) fn keep(keeper: Keeper, questions: Questions, lost: CancellationToken) -> impl Future<Output = ()> + Send + 'static {
        keeper.run(questions.0, lost)
    }
}

impl Link {
    pub async fn read(&self, points: &[PointNo], timeout: Duration) -> Result<Vec<Answer>, ReadFailed> {
        let (answer, answered) = oneshot::channel();
        let stopped = || ReadFailed::NotAsked("the collector is stopping".into());
        let ask = Ask::Read { unit: self.unit, points: points.to_vec(), timeout, answer };
        if self.asks.send(ask).await.is_err() {
            return Err(stopped());
        }
        answered.await.unwrap_or_else(|_dropped| Err(stopped()))
    }

    /// Sends once, if the gate is open right before the first byte.
    pub async fn write(&self, point: PointNo, raw: f64, gate: Arc<Gate>, timeout: Duration) -> Sent {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::Write { unit: self.unit, point, raw, gate: gate.clone(), timeout, answer };
        if self.asks.send(ask).await.is_err() {
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
