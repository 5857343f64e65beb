//! How a session is prepared for listening: namespaces are resolved, subscriptions made, points put on them.

use super::{
    AT_ONCE, OpcUa, Slot,
    address::{Address, Identifier, Namespace},
    decode,
    mail::Mail,
    rhythm::Rhythm,
    session::Line,
    spelling,
    variant::status,
};
use crate::protocol::{CannotConnect, PointNo, Refusal, WireError, with_causes};
use opcua::types::{
    AttributeId, ByteString, Guid, MonitoredItemCreateRequest, MonitoringMode, MonitoringParameters, NodeId, NumericRange, ReadValueId,
    TimestampsToReturn, VariableId, Variant,
};
use std::time::Duration;
use tokio::time::Instant;

/// Each point's node, or why it has none.
pub(super) type Nodes = Vec<Result<NodeId, Refusal>>;

pub(super) struct Subscription {
    pub class: usize,
    pub told_again_after: Option<Duration>,
    pub longest_silence: Duration,
    /// When the server last told something, be it that there is nothing to tell.
    pub alive: Instant,
    /// The number of the message that comes next.
    pub expected: Option<u32>,
}

impl Subscription {
    /// Whether no message is missing before this one. One without content has the number of the next that has.
    pub(super) fn is_next(&mut self, number: u32, is_empty: bool) -> bool {
        let is_next = self.expected.is_none_or(|expected| expected == number);
        // Numbers begin anew at 1.
        self.expected = Some(if is_empty { number } else { number.checked_add(1).unwrap_or(1) });
        is_next
    }
}

pub(super) async fn nodes(map: &OpcUa, line: &mut Line) -> Result<Nodes, CannotConnect> {
    let needs_names = map.slots.iter().any(|slot| matches!(slot.address.namespace, Namespace::Uri(_)));
    let names = if needs_names { namespaces(line).await? } else { vec![] };
    Ok(map.slots.iter().map(|slot| node(&slot.address, &names)).collect())
}

/// The server's namespaces; their places are their numbers.
async fn namespaces(line: &mut Line) -> Result<Vec<String>, CannotConnect> {
    let asked = [ReadValueId::new_value(VariableId::Server_NamespaceArray.into())];
    let session = line.session.clone();
    let read = line.doing(session.read(&asked, TimestampsToReturn::Neither, 0.0)).await.map_err(|why| failed("read its namespaces", &why))?;
    let answers = read.map_err(|why| CannotConnect(format!("the server does not show its namespaces: {why}")))?;
    let Some(Some(Variant::Array(array))) = answers.into_iter().next().map(|answer| answer.value) else {
        return Err(CannotConnect("the server shows no namespaces; write ns= with their numbers".into()));
    };
    Ok(array.values.iter().map(|name| if let Variant::String(name) = name { name.as_ref().to_string() } else { String::new() }).collect())
}

fn node(address: &Address, names: &[String]) -> Result<NodeId, Refusal> {
    let namespace = match &address.namespace {
        Namespace::Index(number) => *number,
        Namespace::Uri(uri) => {
            let place = names.iter().position(|name| name == uri).and_then(|place| u16::try_from(place).ok());
            let has = || names.iter().skip(1).map(String::as_str).collect::<Vec<_>>().join(", ");
            place.ok_or_else(|| Refusal::Address(format!("the server has no namespace {uri}; it has {}", has())))?
        }
    };
    Ok(match &address.identifier {
        Identifier::Number(number) => NodeId::new(namespace, *number),
        Identifier::Text(text) => NodeId::new(namespace, text.clone()),
        Identifier::Guid(bytes) => {
            let guid: Guid = spelling::guid(bytes).parse().map_err(|_| Refusal::Address(format!("{address} is no GUID")))?;
            NodeId::new(namespace, guid)
        }
        Identifier::Bytes(bytes) => NodeId::new(namespace, ByteString::from(bytes.clone())),
    })
}

/// The value of a point's node, or of the one element that is meant.
pub(super) fn place(slot: &Slot, node: &NodeId) -> ReadValueId {
    let index_range = slot.address.index.map_or(NumericRange::None, NumericRange::Index);
    ReadValueId { node_id: node.clone(), attribute_id: AttributeId::Value as u32, index_range, ..Default::default() }
}

/// A subscription for each class that has points. A point that the server refuses gets its refusal in `nodes`; the others are not disturbed.
pub(super) async fn subscribe(map: &OpcUa, line: &mut Line, nodes: &mut Nodes, mail: &Mail) -> Result<Vec<Subscription>, CannotConnect> {
    let mut subscriptions = vec![];
    for (class, rhythm) in map.rhythms.iter().enumerate() {
        let points: Vec<PointNo> = (0..map.slots.len()).filter(|point| map.slots.get(*point).is_some_and(|slot| slot.class == class)).collect();
        if points.is_empty() {
            continue;
        }
        let (id, subscription) = one(line, class, rhythm, mail, subscriptions.len()).await?;
        subscriptions.push(subscription);
        for some in points.chunks(AT_ONCE) {
            monitor(map, line, id, rhythm, some, nodes).await?;
        }
    }
    Ok(subscriptions)
}

async fn one(line: &mut Line, class: usize, rhythm: &Rhythm, mail: &Mail, place: usize) -> Result<(u32, Subscription), CannotConnect> {
    let session = line.session.clone();
    let letterbox = mail.letterbox(place);
    // No limit to the values of one message: what changed together is told together.
    let creating = session.create_subscription(rhythm.publishing, rhythm.lifetime_count, rhythm.keep_alive_count, 0, 0, true, letterbox);
    let created = line.doing(creating).await.map_err(|why| failed("make a subscription", &why))?;
    let id = created.map_err(|why| CannotConnect(format!("the server refuses a subscription: {why}")))?;
    let granted = session.subscription_state.lock().get(id).map(|granted| (granted.publishing_interval(), granted.max_keep_alive_count()));
    let (publishing, keep_alive_count) = granted.unwrap_or((rhythm.publishing, rhythm.keep_alive_count));
    let longest_silence = rhythm.longest_silence(publishing.max(rhythm.publishing), keep_alive_count);
    Ok((id, Subscription { class, told_again_after: rhythm.told_again_after, longest_silence, alive: Instant::now(), expected: None }))
}

async fn monitor(map: &OpcUa, line: &mut Line, id: u32, rhythm: &Rhythm, points: &[PointNo], nodes: &mut Nodes) -> Result<(), CannotConnect> {
    let item = |point: &PointNo| {
        let (slot, node) = (map.slots.get(*point)?, nodes.get(*point)?.as_ref().ok()?);
        Some((*point, item(place(slot, node), *point, rhythm)))
    };
    let (points, items): (Vec<PointNo>, Vec<MonitoredItemCreateRequest>) = points.iter().filter_map(item).unzip();
    if items.is_empty() {
        return Ok(());
    }
    let session = line.session.clone();
    let created = line.doing(session.create_monitored_items(id, TimestampsToReturn::Both, items)).await;
    let created = created.map_err(|why| failed("listen to its variables", &why))?;
    let created = created.map_err(|why| CannotConnect(format!("the server refuses to have its variables listened to: {why}")))?;
    if created.len() != points.len() {
        return Err(CannotConnect(format!("the server answered {} of {} variables", created.len(), points.len())));
    }
    for (point, created) in points.into_iter().zip(created) {
        let code = created.result.status_code;
        if let (true, Some(node)) = (code.is_bad(), nodes.get_mut(point)) {
            *node = Err(decode::refused(&status(code), "listened to"));
        }
    }
    Ok(())
}

fn item(place: ReadValueId, point: PointNo, rhythm: &Rhythm) -> MonitoredItemCreateRequest {
    let requested_parameters = MonitoringParameters {
        client_handle: handle(point),
        sampling_interval: rhythm.sampling.as_secs_f64() * 1e3,
        queue_size: rhythm.queue,
        discard_oldest: true,
        ..Default::default()
    };
    MonitoredItemCreateRequest { item_to_monitor: place, monitoring_mode: MonitoringMode::Reporting, requested_parameters }
}

/// 0 would let the library choose.
fn handle(point: PointNo) -> u32 {
    u32::try_from(point + 1).unwrap_or(u32::MAX)
}

pub(super) fn point_of(handle: u32) -> Option<PointNo> {
    usize::try_from(handle).ok()?.checked_sub(1)
}

fn failed(doing: &str, why: &WireError) -> CannotConnect {
    CannotConnect(format!("the server was lost when asked to {doing}: {}", with_causes(why)))
}
