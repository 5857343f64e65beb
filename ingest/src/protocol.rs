//! What a protocol is to the rest of the field: how a device is reached, asked, told and listened to. One folder implements it.
//!
//! Points are known by their number, their place in [`Device::points`](crate::device::Device). A protocol keeps what it needs of each (its
//! address, its type) under the same number. Schedules, qualities, circuit breakers, reconnecting and the care around a write are the same
//! for all protocols and live in `collect/`.

use crate::{gate::Gate, receipt::Receipt};
use async_trait::async_trait;
use millwright_domain::{Timestamp, reading::Quality};
use serde::Serialize;
use std::{error::Error as StdError, fmt, sync::Arc};
use thiserror::Error;

/// A point's place in its device.
pub type PointNo = usize;

/// The points that are read in one round trip.
pub type Request = Vec<PointNo>;

/// Who begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// We ask, at the pace of the poll classes.
    Asked,
    /// The device tells by itself, once it is connected; see [`Wire::next`].
    Told,
}

/// A device behind its protocol.
#[async_trait]
pub trait Protocol: Send + Sync + fmt::Debug {
    fn manner(&self) -> Manner {
        Manner::Asked
    }
    /// Which connection leads to this unit. Units on one line (a serial bus) take turns; those on several never wait for each other.
    fn line_of(&self, unit: u16) -> usize;
    /// What no second device may use beside this one, a serial port say: the key it is configured under, and its name.
    fn alone_on(&self) -> Option<(&'static str, String)> {
        None
    }
    /// The requests that read these points: few, none above the protocol's limits, each point in exactly one.
    fn plan(&self, points: &[PointNo]) -> Vec<Request>;
    /// Other requests for a refused one, of whose points those in `bad` were refused alone too. With no bad one found, each point alone.
    fn refine(&self, refused: &[PointNo], bad: &[PointNo]) -> Vec<Request> {
        let (alone, good): (Vec<PointNo>, Vec<PointNo>) = refused.iter().partition(|point| bad.is_empty() || bad.contains(point));
        let together = if good.is_empty() { vec![] } else { self.plan(&good) };
        together.into_iter().chain(alone.into_iter().map(|point| vec![point])).collect()
    }
    /// What these requests save against reading each point by itself.
    fn savings(&self, requests: &[Request]) -> Savings {
        let points: usize = requests.iter().map(Vec::len).sum();
        Savings { requests: requests.len() as u64, requests_saved: points.saturating_sub(requests.len()) as u64, bytes_saved: 0 }
    }
    /// Whether the device can hold this number at that point. `Err` says why nothing may be sent.
    fn fits(&self, point: PointNo, raw: f64) -> Result<(), String>;
    /// How far apart two numbers can be that the device keeps as the same, before scale: half a step of an integer, a few bits of a float.
    fn resolution(&self, point: PointNo) -> f64;
    /// Opens the line. The caller limits the time.
    async fn connect(&self, line: usize) -> Result<Box<dyn Wire>, CannotConnect>;
    /// Opens the line for a look, beside a program that may hold it: where one connection would end the other, under another name.
    async fn visit(&self, line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        self.connect(line).await
    }
}

/// One open connection. It is dropped after every [`WireError::Broken`] or [`WireError::Mismatch`] and after a timeout: what comes next on it
/// may answer an older question.
#[async_trait]
pub trait Wire: Send {
    /// One answer for each point, in their order. Dropping the future half-way must leave nothing behind but a broken wire.
    async fn read(&mut self, points: &[PointNo]) -> Result<Vec<Answer>, WireError>;
    /// Sends the number once. Before the first byte, [`Gate::leave`] (or `check` and `pass` in the socket) decides whether it may leave.
    async fn write(&mut self, point: PointNo, raw: f64, gate: &Arc<Gate>) -> Result<(), WireError>;
    /// What a device tells by itself; where it only answers, this waits for ever. Safe to drop and call again: nothing told is lost by that.
    async fn next(&mut self) -> Result<Bulletin, WireError> {
        std::future::pending().await
    }
    /// For a person who wonders about the point's configuration: its value, and what else the same bytes could mean.
    async fn look(&mut self, point: PointNo) -> Result<Look, WireError> {
        let mut answers = self.read(&[point]).await?;
        let answer = answers.pop().unwrap_or_else(|| Err(Refusal::Address("the device answered without a value".into())));
        Ok(Look { answer, others: vec![] })
    }
}

/// What a point holds, before scale and offset.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    Number(f64),
    Text(String),
}

/// A value as the device has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    pub raw: Raw,
    /// Good or uncertain; what is bad has no value but a [`Refusal`].
    pub quality: Quality,
    /// When the source measured it, if it says so.
    pub source_time: Option<Timestamp>,
    /// The source itself says that this is old news, kept while nobody listened.
    pub historical: bool,
}

impl Value {
    pub fn good(raw: Raw) -> Self {
        Self { raw, quality: Quality::Good, source_time: None, historical: false }
    }
    pub fn number(number: f64) -> Self {
        Self::good(Raw::Number(number))
    }
}

/// A point's value, or why it has none.
pub type Answer = Result<Value, Refusal>;

/// A point's value that came by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub point: PointNo,
    pub answer: Answer,
}

/// What came by itself together, and the receipt that the source waits for, if it does.
#[derive(Debug, Default)]
pub struct Bulletin {
    pub told: Vec<Told>,
    pub receipt: Option<Receipt>,
    /// Before this something was lost on the way, and why. Not how much: it was one value at least.
    pub lost: Option<&'static str>,
}

impl From<Vec<Told>> for Bulletin {
    fn from(told: Vec<Told>) -> Self {
        Self { told, ..Self::default() }
    }
}

/// A point as `millwright check` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub answer: Answer,
    /// Other ways to read the same bytes, by name (a byte order).
    pub others: Vec<(String, f64)>,
}

/// The device is there and says no.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Address, type or length: the configuration and the device disagree.
    #[error("{0}")]
    Address(String),
    /// A fault of its own.
    #[error("{0}")]
    Fault(String),
    /// Somebody in between says that the unit behind does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// There is something, but no number.
    #[error("{0}")]
    NotANumber(String),
}

impl Refusal {
    pub const fn quality(&self) -> Quality {
        match self {
            Self::Address(_) => Quality::BadConfiguration,
            Self::Fault(_) => Quality::BadDeviceFault,
            Self::Unreachable(_) => Quality::BadNoCommunication,
            Self::NotANumber(_) => Quality::BadNotANumber,
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, Error)]
pub enum WireError {
    /// All of it was refused; the connection stands.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The connection cannot be trusted any more.
    #[error("the connection failed")]
    Broken(#[source] Box<dyn StdError + Send + Sync>),
    #[error("the answer does not belong to the question ({0})")]
    Mismatch(String),
}

impl WireError {
    pub fn broken(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Broken(cause.into())
    }
}

/// Why there is no connection, as a person wants to read it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct CannotConnect(pub String);

/// What joining points into requests saved, each time the plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Savings {
    pub requests: u64,
    pub requests_saved: u64,
    /// On the wire, both ways; negative if gaps cost more than the requests.
    pub bytes_saved: i64,
}

/// The error and what lies under it, as one line for a person.
pub fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
