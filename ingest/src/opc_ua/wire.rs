//! One session that is listened to, and reads and writes in between.

use super::{
    OpcUa, Slot,
    decode::{self, Sample, Status},
    mail::{Content, Mail, Note},
    session::Line,
    subscribe::{self, Nodes, Subscription, place, point_of},
    value::ValueType,
    variant::{built_in, sample, status, variant},
};
use crate::{
    gate::Gate,
    protocol::{Answer, Bulletin, CannotConnect, PointNo, Refusal, Told, Wire, WireError},
};
use async_trait::async_trait;
use opcua::types::{AttributeId, BinaryEncodable, ContextOwned, DataValue, Identifier, NodeId, ReadValueId, TimestampsToReturn, Variant, WriteValue};
use std::{mem, sync::Arc};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

pub(super) struct Listening {
    map: OpcUa,
    line: Line,
    nodes: Nodes,
    subscriptions: Vec<Subscription>,
    mail: Mail,
    /// What was told last of each point, and when.
    last: Vec<Option<(Answer, Instant)>>,
    ready: Vec<Told>,
    /// Why something that was to come never will.
    lost: Option<&'static str>,
    /// Told after what is ready.
    failure: Option<WireError>,
    has_warned: bool,
}

impl Listening {
    pub(super) async fn begin(map: OpcUa) -> Result<Self, CannotConnect> {
        let mut line = Line::open(&map.server).await?;
        let mail = Mail::default();
        let mut nodes = subscribe::nodes(&map, &mut line).await?;
        let subscriptions = subscribe::subscribe(&map, &mut line, &mut nodes, &mail).await?;
        let last = vec![None; map.slots.len()];
        let mut begun = Self { map, line, nodes, subscriptions, mail, last, ready: vec![], lost: None, failure: None, has_warned: false };
        begun.tell_what_is_refused();
        Ok(begun)
    }

    fn tell_what_is_refused(&mut self) {
        let now = Instant::now();
        let refused = self.nodes.iter().enumerate().filter_map(|(point, node)| Some((point, node.as_ref().err()?.clone())));
        for (point, refusal) in refused.collect::<Vec<_>>() {
            self.tell(point, Err(refusal), now);
        }
    }

    fn tell(&mut self, point: PointNo, answer: Answer, at: Instant) {
        if let Some(last) = self.last.get_mut(point) {
            *last = Some((answer.clone(), at));
            self.ready.push(Told { point, answer });
        }
    }

    /// Makes what came ready to be handed on.
    fn hear(&mut self) -> Result<(), WireError> {
        for note in self.mail.take().map_err(WireError::broken)? {
            self.take(note)?;
        }
        Ok(())
    }

    fn take(&mut self, note: Note) -> Result<(), WireError> {
        let Some(subscription) = self.subscriptions.get_mut(note.subscription) else { return Ok(()) };
        subscription.alive = note.at;
        let (class, is_next) = (subscription.class, subscription.is_next(note.number, note.content.is_empty()));
        if !is_next {
            metrics::counter!("millwright_opc_ua_messages_lost_total").increment(1);
            self.is_lost("a message of the OPC UA subscription did not arrive");
        }
        for content in note.content {
            match content {
                Content::Values(values) => self.take_values(class, values, note.at)?,
                Content::Ended(code) => return Err(WireError::broken(format!("the server ended the subscription ({code})"))),
                Content::Unknown => return Err(WireError::Mismatch("the server tells something that it was not asked for".into())),
            }
        }
        self.tell_again(note.subscription, note.at);
        Ok(())
    }

    fn take_values(&mut self, class: usize, values: Vec<(u32, DataValue)>, at: Instant) -> Result<(), WireError> {
        let mut told = Vec::with_capacity(values.len());
        for (handle, value) in values {
            let point = point_of(handle);
            let slot = point.and_then(|point| self.map.slots.get(point)).filter(|slot| slot.class == class);
            let Some((point, slot)) = point.zip(slot) else {
                return Err(WireError::Mismatch(format!("the server tells of a variable {handle} that it was not asked for")));
            };
            told.push((point, sample(value, slot.address.index.is_some())));
        }
        for (point, sample) in decode::in_order(told) {
            if sample.status.has_overflowed() {
                metrics::counter!("millwright_opc_ua_overflows_total").increment(1);
                self.is_lost("an OPC UA variable changed more often than its queue in the server holds; raise queue_size");
            }
            let answer = self.judged(point, &sample);
            self.tell(point, answer, at);
        }
        Ok(())
    }

    fn judged(&self, point: PointNo, sample: &Sample) -> Answer {
        if let Some(kind) = sample.kind() {
            self.map.learned.learn(point, kind);
        }
        decode::answer(self.map.slots.get(point).and_then(|slot| slot.kind), sample)
    }

    /// A value that does not change is not sent. The server has just shown that it is there, so what it told last still holds.
    fn tell_again(&mut self, subscription: usize, now: Instant) {
        let Some(Subscription { class, told_again_after: Some(after), .. }) = self.subscriptions.get(subscription) else { return };
        let is_due = |(slot, last): (&Slot, &Option<(Answer, Instant)>)| {
            let (answer, at) = last.as_ref().filter(|_| slot.class == *class)?;
            (now.saturating_duration_since(*at) >= *after).then(|| answer.clone())
        };
        let due = self.map.slots.iter().zip(&self.last).map(is_due).enumerate();
        for (point, answer) in due.filter_map(|(point, answer)| Some((point, answer?))).collect::<Vec<_>>() {
            self.tell(point, answer, now);
        }
    }

    /// Said once for each connection; counted and told each time.
    fn is_lost(&mut self, what: &'static str) {
        self.lost = Some(what);
        if !mem::replace(&mut self.has_warned, true) {
            let address = self.map.server.url.as_str();
            warn!(address, "server {address}: values were lost: {what}");
        }
    }

    /// `Err` with the refusal of a point that has no node.
    fn node(&self, point: PointNo) -> Result<&NodeId, Refusal> {
        let known = self.nodes.get(point).ok_or_else(|| Refusal::Address("there is no such point".into()))?;
        known.as_ref().map_err(Refusal::clone)
    }

    async fn ask(&mut self, asked: Vec<ReadValueId>) -> Result<Vec<DataValue>, WireError> {
        if asked.is_empty() {
            return Ok(vec![]);
        }
        let session = self.line.session.clone();
        let answers = self.line.doing(session.read(&asked, TimestampsToReturn::Both, 0.0)).await?.map_err(WireError::broken)?;
        let (got, wanted) = (answers.len(), asked.len());
        if got == wanted { Ok(answers) } else { Err(WireError::Mismatch(format!("{got} values for {wanted} variables"))) }
    }

    /// The variable's own type: a server takes no other.
    async fn kind(&mut self, point: PointNo, node: &NodeId) -> Result<ValueType, WireError> {
        if let Some(kind) = self.map.learned.of(point) {
            return Ok(kind);
        }
        let of = |attribute| ReadValueId { node_id: node.clone(), attribute_id: attribute as u32, ..Default::default() };
        let answers = self.ask(vec![of(AttributeId::Value), of(AttributeId::DataType)]).await?;
        let [value, data_type] = <[DataValue; 2]>::try_from(answers).map_err(|_| WireError::Mismatch("not two values".into()))?;
        if let Some(kind) = sample(value, false).kind() {
            return Ok(kind);
        }
        let id = match data_type.value {
            Some(Variant::NodeId(id)) if id.namespace == 0 => {
                if let Identifier::Numeric(id) = id.identifier {
                    Some(id)
                } else {
                    None
                }
            }
            _ => None,
        };
        let unknown = || Refusal::Address("the variable is empty and of no type that can be written".into());
        Ok(id.and_then(built_in).ok_or_else(unknown)?)
    }
}

#[async_trait]
impl Wire for Listening {
    async fn read(&mut self, points: &[PointNo]) -> Result<Vec<Answer>, WireError> {
        let asked = points.iter().filter_map(|point| Some(place(self.map.slots.get(*point)?, self.node(*point).ok()?)));
        let asked = asked.collect();
        let mut answers = self.ask(asked).await?.into_iter();
        let mut given = Vec::with_capacity(points.len());
        for point in points {
            let slot = self.map.slots.get(*point);
            given.push(match (self.node(*point), slot) {
                (Err(refusal), _) => Err(refusal),
                (Ok(_), None) => Err(Refusal::Address("there is no such point".into())),
                (Ok(_), Some(slot)) => {
                    let answer = answers.next().ok_or_else(|| WireError::Mismatch("too few values".into()))?;
                    self.judged(*point, &sample(answer, slot.address.index.is_some()))
                }
            });
        }
        Ok(given)
    }

    async fn write(&mut self, point: PointNo, raw: f64, gate: &Arc<Gate>) -> Result<(), WireError> {
        let node = self.node(point)?.clone();
        let kind = self.kind(point, &node).await?;
        let number = kind.rounded(raw).map_err(|why| Refusal::Address(why.to_string()))?;
        // Without times and status: many servers take only a value.
        let value = WriteValue::value_attr(node, variant(kind, number));
        let value = WriteValue { value: DataValue { value: value.value.value, ..Default::default() }, ..value };
        let session = self.line.session.clone();
        let values = [value];
        let encoded = values[0].encode_to_vec(&ContextOwned::default().context());
        gate.leave().map_err(WireError::broken)?;
        gate.note(&encoded);
        let results = self.line.doing(session.write(&values)).await?.map_err(WireError::broken)?;
        match results.as_slice() {
            [code] if !code.is_bad() => Ok(()),
            [code] => Err(not_written(&status(*code))),
            _ => Err(WireError::Mismatch(format!("{} results for one write", results.len()))),
        }
    }

    async fn next(&mut self) -> Result<Bulletin, WireError> {
        loop {
            if let Err(failure) = self.hear() {
                self.failure.get_or_insert(failure);
            }
            if !self.ready.is_empty() || self.lost.is_some() {
                return Ok(Bulletin { lost: self.lost.take(), ..mem::take(&mut self.ready).into() });
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            let silent_at = self.subscriptions.iter().map(|one| (one.alive + one.longest_silence, one.longest_silence)).min();
            let Some((until, silence)) = silent_at else { return std::future::pending().await };
            match timeout_at(until, self.line.step()).await {
                Ok(Ok(())) => {}
                Ok(Err(broken)) => self.failure = Some(broken),
                Err(_elapsed) => return Err(WireError::broken(format!("the server said nothing for {} ms", silence.as_millis()))),
            }
        }
    }
}

/// A clear no is a refusal. Whether a server that cannot reach its device did so after it had passed the value on, nobody knows.
fn not_written(status: &Status) -> WireError {
    match decode::refused(status, "written") {
        refusal @ Refusal::Address(_) => WireError::Refused(refusal),
        other => WireError::broken(other),
    }
}
