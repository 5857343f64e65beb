//! OPC UA over its binary protocol: node ids and configuration in, subscriptions on the server, values with their status out.
//!
//! `address`, `spelling` and `value` are the words, `config` is what a person writes, `rhythm` how often the server looks and tells, `decode`
//! the way from status codes and values to answers. async-opcua's client is known to `security` (who we are and whom we trust), `session` (one
//! connection; `frames` bounds what it takes in), `subscribe` and `mail` (what is listened to on it), `variant` (its values as ours) and `wire`.

pub mod address;
pub mod config;
mod decode;
mod frames;
mod mail;
mod rhythm;
mod security;
mod session;
mod spelling;
mod subscribe;
pub mod value;
mod variant;
mod wire;

use crate::protocol::{CannotConnect, Manner, PointNo, Protocol, Request, Wire};
use address::Address;
use async_trait::async_trait;
use rhythm::Rhythm;
use security::Server;
use std::sync::{Arc, Mutex, PoisonError};
use value::ValueType;

/// Variables read in one request: what plain servers allow.
const AT_ONCE: usize = 100;

/// A server's points, and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct OpcUa {
    server: Arc<Server>,
    slots: Arc<[Slot]>,
    /// One for each class.
    rhythms: Arc<[Rhythm]>,
    learned: Arc<Learned>,
}

/// Where a point is, and of which type a person says it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slot {
    pub address: Address,
    pub kind: Option<ValueType>,
    pub class: usize,
}

/// The types that the server's variables were seen to have.
#[derive(Debug)]
pub(crate) struct Learned(Mutex<Vec<Option<ValueType>>>);

impl Learned {
    fn of(&self, point: PointNo) -> Option<ValueType> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(point).copied().flatten()
    }
    fn learn(&self, point: PointNo, kind: ValueType) {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(point) {
            *known = Some(kind);
        }
    }
    /// After a restart of the server nothing is certain any more.
    fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(None);
    }
}

impl OpcUa {
    fn new(server: Server, slots: Vec<Slot>, rhythms: Vec<Rhythm>) -> Self {
        let learned = Learned(Mutex::new(vec![None; slots.len()]));
        Self { server: Arc::new(server), slots: slots.into(), rhythms: rhythms.into(), learned: Arc::new(learned) }
    }
    fn kind(&self, point: PointNo) -> Option<ValueType> {
        self.slots.get(point).and_then(|slot| slot.kind).or_else(|| self.learned.of(point))
    }
}

#[async_trait]
impl Protocol for OpcUa {
    fn manner(&self) -> Manner {
        Manner::Told
    }
    fn line_of(&self, _unit: u16) -> usize {
        0
    }
    fn plan(&self, points: &[PointNo]) -> Vec<Request> {
        points.chunks(AT_ONCE).map(<[PointNo]>::to_vec).collect()
    }
    fn fits(&self, point: PointNo, raw: f64) -> Result<(), String> {
        if self.slots.get(point).is_none() {
            return Err("there is no such point".into());
        }
        if !raw.is_finite() {
            return Err(format!("{raw} is no number to write"));
        }
        self.kind(point).map_or(Ok(()), |kind| kind.rounded(raw).map(drop).map_err(|why| why.to_string()))
    }
    fn resolution(&self, point: PointNo) -> f64 {
        self.kind(point).unwrap_or(ValueType::Double).resolution()
    }
    async fn connect(&self, _line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        self.learned.forget();
        Ok(Box::new(wire::Listening::begin(self.clone()).await?))
    }
}
