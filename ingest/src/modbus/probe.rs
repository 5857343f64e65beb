//! What `millwright check` shows of a device: each point's canonical address, what it reads, and the same in all four byte orders.

use super::{
    config::{Device, Point},
    decode,
    value::ByteOrder,
    wire::{Items, Wire, WireError},
};
use millwright_domain::ids::SignalId;
use std::{collections::HashMap, error::Error, io, time::Duration};
use tokio::time::timeout;

/// One point as the device answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    pub signal: SignalId,
    /// Canonical, with unit and type.
    pub address: String,
    /// In the signal's unit.
    pub value: Result<f64, String>,
    /// The scaled value as each byte order would have it; empty when there is no answer.
    pub orders: Vec<(ByteOrder, f64)>,
    /// The configured one.
    pub order: ByteOrder,
}

/// Asks for each point once, by itself, over connections of its own.
pub async fn probe(device: &Device) -> Vec<Probed> {
    let mut wires = HashMap::new();
    let mut probed = Vec::with_capacity(device.points.len());
    for point in &device.points {
        let wire = match wires.remove(&point.unit) {
            Some(wire) => wire,
            None => connect(device, point.unit).await,
        };
        let (wire, answer) = ask(device, point, wire).await;
        wires.insert(point.unit, wire);
        probed.push(line(point, answer));
    }
    probed
}

/// A connection, or why there is none; not tried again for the unit's further points.
type Connected = Result<Wire, String>;

async fn connect(device: &Device, unit: u8) -> Connected {
    match timeout(device.connect_timeout, Wire::connect(&device.address, unit)).await {
        Ok(Ok(wire)) => Ok(wire),
        Ok(Err(cause)) => Err(unreachable(device, &cause)),
        Err(_elapsed) => Err(unreachable(device, &io::ErrorKind::TimedOut.into())),
    }
}

fn unreachable(device: &Device, cause: &io::Error) -> String {
    format!("cannot connect to {}: {cause}; check address, cable and firewall", device.address)
}

async fn ask(device: &Device, point: &Point, wire: Connected) -> (Connected, Result<Items, String>) {
    let mut wire = match wire {
        Ok(wire) => wire,
        Err(why) => return (Err(why.clone()), Err(why)),
    };
    let wanted = point.wanted();
    let limit = device.classes.get(point.class).map_or(Duration::from_secs(1), |class| class.timeout);
    match timeout(limit, wire.read(wanted.table, wanted.start, wanted.width)).await {
        Ok(Ok(items)) => (Ok(wire), Ok(items)),
        Ok(Err(WireError::Exception(exception))) => (Ok(wire), Err(exception.to_string())),
        Ok(Err(broken)) => {
            let cause = broken.source().map_or_else(String::new, |cause| format!(": {cause}"));
            let why = format!("{broken}{cause}; is it a Modbus TCP device that answers at {}?", device.address);
            (connect(device, point.unit).await, Err(why))
        }
        Err(_elapsed) => {
            let why = format!("unit {} does not answer within {} ms; check the unit number", point.unit, limit.as_millis());
            (Err(why.clone()), Err(why))
        }
    }
}

fn line(point: &Point, answer: Result<Items, String>) -> Probed {
    let start = point.address.offset();
    let in_order = |items: &Items, order| {
        let reordered = Point { order, ..point.clone() };
        decode::raw(&reordered, start, items).map(|raw| raw * point.scale + point.offset)
    };
    let orders = match &answer {
        Ok(items) => ByteOrder::ALL.iter().filter_map(|order| Some((*order, in_order(items, *order)?))).collect(),
        Err(_) => Vec::new(),
    };
    let value = answer.and_then(|items| in_order(&items, point.order).ok_or_else(|| "the answer is too short for this type".to_string()));
    Probed { signal: point.signal.clone(), address: point.canonical(), value, orders, order: point.order }
}
