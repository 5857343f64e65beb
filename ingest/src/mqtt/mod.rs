//! MQTT: what machines publish comes in by topic and JSON pointer; commands go out on topics of their own.
//!
//! `address` and `payload` are the words, `config` and `broker` what a person writes, `wire` one connection on rumqttc (with `tls`),
//! `conversation` what is remembered of it. The last three serve `sparkplug/` as well.

pub mod address;
pub mod broker;
pub mod config;
pub(crate) mod conversation;
pub mod payload;
mod tls;
pub(crate) mod wire;

use crate::protocol::{CannotConnect, Manner, PointNo, Protocol, Refusal, Request, Told, Wire, WireError};
use address::{Address, Pointer};
use async_trait::async_trait;
use broker::Broker;
use conversation::{Conversation, Ear, Heard};
use millwright_domain::reading::Quality;
use payload::{Kind, Payload};
use std::{collections::HashMap, sync::Arc, time::Instant};
use wire::{Message, Outgoing, Session};

/// A broker, and which topics hold a device's points.
#[derive(Debug, Clone)]
pub(crate) struct Mqtt {
    broker: Broker,
    session: Session,
    timestamp: Option<Pointer>,
    spots: Arc<[Spot]>,
}

/// Where a point is told, and what it has to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spot {
    pub address: Address,
    pub kind: Option<Kind>,
}

/// Each topic once, in the order of the points.
fn topics(spots: &[Spot]) -> Vec<String> {
    let mut topics: Vec<String> = vec![];
    let mut seen = std::collections::HashSet::new();
    for spot in spots {
        if seen.insert(&spot.address.state.topic) {
            topics.push(spot.address.state.topic.clone());
        }
    }
    topics
}

/// For a look beside the program that collects: another name, so that the broker does not throw that one out, and nothing kept for us.
pub(crate) fn visitor(session: &Session) -> Session {
    let client_id = format!("{}-check-{:08x}", session.client_id, rand::random::<u32>());
    Session { client_id, kept: false, at_least_once: false, filters: session.filters.clone() }
}

#[async_trait]
impl Protocol for Mqtt {
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
        self.ear().command(point, raw).map(drop).map_err(|why| why.to_string())
    }
    /// A machine may keep it as a single-precision float.
    fn resolution(&self, _point: PointNo) -> f64 {
        1e-6
    }
    async fn connect(&self, _line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        Ok(Box::new(Conversation::open(&self.broker, &self.session, self.spots.len(), self.ear()).await?))
    }
    async fn visit(&self, _line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        Ok(Box::new(Conversation::open(&self.broker, &visitor(&self.session), self.spots.len(), self.ear()).await?))
    }
}

impl Mqtt {
    fn ear(&self) -> Topics {
        Topics::new(self.spots.clone(), self.timestamp.clone())
    }
}

/// Which points each topic holds.
pub(crate) struct Topics {
    spots: Arc<[Spot]>,
    of_topic: HashMap<String, Vec<PointNo>>,
    in_order: Vec<String>,
    timestamp: Option<Pointer>,
}

impl Topics {
    fn new(spots: Arc<[Spot]>, timestamp: Option<Pointer>) -> Self {
        let mut of_topic: HashMap<String, Vec<PointNo>> = HashMap::new();
        for (point, spot) in spots.iter().enumerate() {
            of_topic.entry(spot.address.state.topic.clone()).or_default().push(point);
        }
        Self { in_order: topics(&spots), spots, of_topic, timestamp }
    }
}

impl Ear for Topics {
    fn hear(&mut self, message: &Message, _now: Instant) -> Heard {
        let Some(points) = self.of_topic.get(&message.topic) else { return Heard { is_foreign: true, ..Heard::default() } };
        let payload = Payload::read(&message.payload);
        let source_time = self.timestamp.as_ref().and_then(|pointer| payload.time(pointer));
        let told = points.iter().filter_map(|point| {
            let spot = self.spots.get(*point)?;
            let answer = payload.answer(spot.address.state.pointer.as_ref(), spot.kind);
            let answer = answer.map(|mut value| {
                value.source_time = source_time;
                if message.retained {
                    // The broker does not say how old it is.
                    value.quality = Quality::UncertainStale;
                }
                value
            });
            Some(Told { point: *point, answer })
        });
        Heard { told: told.collect(), ..Heard::default() }
    }

    fn refused(&self, filter: usize) -> Result<Vec<Told>, WireError> {
        let Some(topic) = self.in_order.get(filter) else { return Ok(vec![]) };
        let why = format!("the broker does not let us hear {topic}; check its access list");
        let points = self.of_topic.get(topic).into_iter().flatten();
        Ok(points.map(|point| Told { point: *point, answer: Err(Refusal::Address(why.clone())) }).collect())
    }

    fn command(&self, point: PointNo, raw: f64) -> Result<Outgoing, Refusal> {
        let spot = self.spots.get(point).ok_or_else(|| Refusal::Address("there is no such point".into()))?;
        let place = spot.address.command.as_ref().ok_or_else(|| Refusal::Address("there is no topic that takes commands".into()))?;
        let payload = payload::command(place, spot.kind, raw).map_err(Refusal::NotANumber)?;
        Ok(Outgoing { topic: place.topic.clone(), payload })
    }
}
