//! Sparkplug B: an edge node says at its birth what it has, then tells it by short names, and its death ends all of it.
//!
//! `address`, `kind` and `payload` are the words, `config` what a person writes, `births` the node's life, `catalogue` what one birth said.
//! The connection is MQTT's: `mqtt/wire.rs` and `mqtt/conversation.rs`.

pub mod address;
mod births;
mod catalogue;
pub mod config;
pub mod kind;
pub mod payload;
#[cfg(test)]
mod tests;
pub mod trial;

use crate::{
    mqtt::{
        broker::Broker,
        conversation::{Conversation, Ear, Heard},
        visitor,
        wire::{Message, Outgoing, Session},
    },
    protocol::{CannotConnect, Manner, PointNo, Protocol, Refusal, Request, Told, Wire, WireError},
};
use address::{Address, Node};
use async_trait::async_trait;
use births::Life;
use chrono::Utc;
use kind::{Content, Kind};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// An edge node and a device's points on it.
#[derive(Debug, Clone)]
pub(crate) struct Sparkplug {
    broker: Broker,
    session: Session,
    node: Node,
    spots: Arc<[Spot]>,
    asks: bool,
    /// The types of the last births: what fits is known only then.
    kinds: Kinds,
}

type Kinds = Arc<Mutex<Vec<Option<Kind>>>>;

/// Where a point is, and the type that it has to be of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spot {
    pub address: Address,
    pub kind: Option<Kind>,
}

impl Sparkplug {
    fn new(broker: Broker, session: Session, node: Node, spots: Vec<Spot>, asks: bool) -> Self {
        let kinds = Arc::new(Mutex::new(spots.iter().map(|spot| spot.kind).collect()));
        Self { broker, session, node, spots: spots.into(), asks, kinds }
    }
    fn kind(&self, point: PointNo) -> Option<Kind> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).get(point).copied().flatten()
    }
    fn ear(&self, asks: bool) -> Listener {
        let points = self.spots.iter().map(|spot| (spot.address.device.clone(), spot.address.metric.clone(), spot.kind));
        Listener { life: Life::new(points, asks), node: self.node.clone(), spots: self.spots.clone(), kinds: self.kinds.clone() }
    }
}

#[async_trait]
impl Protocol for Sparkplug {
    fn manner(&self) -> Manner {
        Manner::Told
    }
    fn line_of(&self, _unit: u16) -> usize {
        0
    }
    fn plan(&self, points: &[PointNo]) -> Vec<Request> {
        vec![points.to_vec()]
    }
    fn fits(&self, point: PointNo, raw: f64) -> Result<(), String> {
        let kind = self.kind(point).ok_or("its type is not known: the edge node has not said what it has since we listen")?;
        kind.content(raw).map(drop)
    }
    fn resolution(&self, point: PointNo) -> f64 {
        self.kind(point).map_or(1e-6, Kind::resolution)
    }
    async fn connect(&self, _line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        Ok(Box::new(Conversation::open(&self.broker, &self.session, self.spots.len(), self.ear(self.asks)).await?))
    }
    async fn visit(&self, _line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        Ok(Box::new(Conversation::open(&self.broker, &visitor(&self.session), self.spots.len(), self.ear(self.asks)).await?))
    }
}

/// What understands an edge node.
struct Listener {
    life: Life,
    node: Node,
    spots: Arc<[Spot]>,
    kinds: Kinds,
}

impl Listener {
    fn rebirth(&self) -> Outgoing {
        let topic = format!("spBv1.0/{}/NCMD/{}", self.node.group, self.node.name);
        Outgoing { topic, payload: payload::command("Node Control/Rebirth", Kind::Boolean, &Content::Bool(true), Utc::now().into()) }
    }
    fn remember_kinds(&self) {
        let mut known = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        for (point, kind) in self.life.kinds() {
            if let (Some(known), Some(kind)) = (known.get_mut(point), kind) {
                *known = Some(kind);
            }
        }
    }
}

impl Ear for Listener {
    fn hear(&mut self, message: &Message, now: Instant) -> Heard {
        let Some(spoken) = births::spoken(&self.node, &message.topic) else { return Heard { is_foreign: true, ..Heard::default() } };
        // The specification forbids it; a birth or a death of unknown age means nothing.
        if message.retained {
            return Heard::default();
        }
        let payload = payload::decode(&message.payload);
        let learned = self.life.hear(spoken, payload.as_ref(), now);
        if spoken.verb == births::Verb::Birth {
            self.remember_kinds();
        }
        Heard { told: learned.told, say: learned.ask.then(|| self.rebirth()), is_foreign: false }
    }

    fn refused(&self, _filter: usize) -> Result<Vec<Told>, WireError> {
        let why = format!("the broker does not let us hear spBv1.0/{}/+/{}; check its access list", self.node.group, self.node.name);
        Err(WireError::broken(why))
    }

    fn command(&self, point: PointNo, raw: f64) -> Result<Outgoing, Refusal> {
        let Address { node, device, metric } = &self.spots.get(point).ok_or_else(|| Refusal::Address("there is no such point".into()))?.address;
        let unborn = || Refusal::Unreachable("it is not born, so its type is not known and nothing was sent".into());
        let kind = self.life.kind_of(device.as_deref(), metric).ok_or_else(unborn)?;
        let content = kind.content(raw).map_err(Refusal::NotANumber)?;
        let topic = match device {
            Some(device) => format!("spBv1.0/{}/DCMD/{}/{device}", node.group, node.name),
            None => format!("spBv1.0/{}/NCMD/{}", node.group, node.name),
        };
        Ok(Outgoing { topic, payload: payload::command(metric, kind, &content, Utc::now().into()) })
    }

    /// Births are not kept by the broker: who comes later has to ask.
    fn opening(&mut self, now: Instant) -> Option<Outgoing> {
        self.life.begins(now).then(|| self.rebirth())
    }
}
