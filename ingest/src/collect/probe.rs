//! What `millwright check` shows of a device: each point's canonical address, what it reads, and what else its bytes could mean.

use crate::{
    device::Device,
    protocol::{Look, Raw, Wire, WireError, with_causes},
};
use millwright_domain::ids::SignalId;
use std::{collections::HashMap, time::Duration};
use tokio::time::timeout;

/// One point as the device answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    pub signal: SignalId,
    /// Canonical, with everything that decides what is read.
    pub address: String,
    /// In the signal's unit.
    pub value: Result<f64, String>,
    /// The text, where the device holds one.
    pub text: Option<String>,
    /// The scaled value as it would be in other byte orders; empty where there are none.
    pub others: Vec<(String, f64)>,
}

/// A connection, or why there is none; not tried again for the line's further points.
type Connected = Result<Box<dyn Wire>, String>;

/// Asks for each point once, by itself, over connections of its own. A unit that does not answer is asked no further, as each question would
/// take its whole time; the others on its line are.
pub async fn probe_device(device: &Device) -> Vec<Probed> {
    let mut wires: HashMap<usize, Connected> = HashMap::new();
    let mut silent: HashMap<u16, String> = HashMap::new();
    let mut probed = Vec::with_capacity(device.points.len());
    for number in 0..device.points.len() {
        let unit = device.points[number].unit;
        if let Some(why) = silent.get(&unit) {
            probed.push(shown(device, number, Err(why.clone())));
            continue;
        }
        let line = device.protocol.line_of(unit);
        let wire = match wires.remove(&line) {
            Some(wire) => wire,
            None => connect(device, line).await,
        };
        let look = match ask(device, number, line, wire).await {
            Asked::Answered(wire, look) => {
                wires.insert(line, wire);
                look
            }
            // What comes on this connection from now on may be the late answer.
            Asked::Silent(why) => {
                silent.insert(unit, why.clone());
                Err(why)
            }
        };
        probed.push(shown(device, number, look));
    }
    probed
}

enum Asked {
    Answered(Connected, Result<Look, String>),
    Silent(String),
}

async fn connect(device: &Device, line: usize) -> Connected {
    let unreachable = |cause: &str| format!("cannot connect to {}: {cause}; check address, cable and firewall", device.address);
    match timeout(device.connect_timeout, device.protocol.visit(line)).await {
        Ok(Ok(wire)) => Ok(wire),
        Ok(Err(cause)) => Err(unreachable(&cause.to_string())),
        Err(_elapsed) => Err(unreachable("timed out")),
    }
}

async fn ask(device: &Device, number: usize, line: usize, wire: Connected) -> Asked {
    let mut wire = match wire {
        Ok(wire) => wire,
        Err(why) => return Asked::Answered(Err(why.clone()), Err(why)),
    };
    let point = &device.points[number];
    // A device that tells by itself is given the time that it may keep silent.
    let told = device.is_told().then(|| device.classes.get(point.class).map_or(Duration::ZERO, |class| class.interval * 2));
    let limit = device.timeout_of(point) + told.unwrap_or_default();
    match timeout(limit, wire.look(number)).await {
        Ok(Ok(look)) => Asked::Answered(Ok(wire), Ok(look)),
        Ok(Err(WireError::Refused(refusal))) => Asked::Answered(Ok(wire), Err(refusal.to_string())),
        Ok(Err(broken)) => {
            let why = format!("{}; is it a device of this protocol that answers at {}?", with_causes(&broken), device.address);
            Asked::Answered(connect(device, line).await, Err(why))
        }
        // It may tell the others all the same.
        Err(_elapsed) if device.is_told() => {
            let why = format!("nothing was told about it within {} ms; check the address, or wait until it is", limit.as_millis());
            Asked::Answered(Ok(wire), Err(why))
        }
        Err(_elapsed) => Asked::Silent(format!("unit {} does not answer within {} ms; check the unit number", point.unit, limit.as_millis())),
    }
}

fn shown(device: &Device, number: usize, look: Result<Look, String>) -> Probed {
    let point = &device.points[number];
    let (answer, others) = match look {
        Ok(Look { answer, others }) => (answer.map_err(|refusal| refusal.to_string()), others),
        Err(why) => (Err(why), vec![]),
    };
    let scaled = |number: f64| number * point.scale + point.offset;
    let text = answer.as_ref().ok().and_then(|value| match &value.raw {
        Raw::Text(text) => Some(text.clone()),
        Raw::Number(_) => None,
    });
    let no_number = || "is a text that means no number; say what its words mean with `texts`".to_string();
    let value = answer.and_then(|value| point.number(&value.raw).map(scaled).ok_or_else(no_number));
    let others = others.into_iter().map(|(name, number)| (name, scaled(number))).collect();
    Probed { signal: point.signal.clone(), address: point.place.clone(), value, text, others }
}
