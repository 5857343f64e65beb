//! Sparkplug B payloads as bytes, on srad-types: the only file that knows the vendor's messages.

use super::kind::{Content, Kind};
use millwright_domain::Timestamp;
use srad_types::payload::{DataType, Message, Metric as Wired, Payload as WiredPayload, metric::Value as Field, property_value::Value as Property};

/// Metrics in one message; a plant's largest edge nodes have some thousands.
const MOST_METRICS: usize = 20_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Payload {
    pub time: Option<Timestamp>,
    pub sequence: Option<u64>,
    pub metrics: Vec<Metric>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub name: Option<String>,
    pub alias: Option<u64>,
    pub time: Option<Timestamp>,
    /// The number of its data type; births always have it.
    pub kind: Option<u32>,
    pub historical: bool,
    pub content: Content,
    /// What Ignition and others say of a value, after OPC: 192 good, 0 bad, 500 stale.
    pub quality: Option<u32>,
}

/// `None` if the bytes are no payload, or hold more metrics than any edge node has.
pub fn decode(bytes: &[u8]) -> Option<Payload> {
    if metrics_in(bytes)? > MOST_METRICS {
        return None;
    }
    let WiredPayload { timestamp, metrics, seq, .. } = WiredPayload::decode(bytes).ok()?;
    Some(Payload { time: timestamp.and_then(time), sequence: seq, metrics: metrics.into_iter().map(metric).collect() })
}

fn metric(wired: Wired) -> Metric {
    let quality = wired.properties.as_ref().and_then(|properties| {
        let place = properties.keys.iter().position(|key| key == "Quality")?;
        match properties.values.get(place)?.value {
            Some(Property::IntValue(code)) => Some(code),
            _ => None,
        }
    });
    let content = match wired.value {
        _ if wired.is_null == Some(true) => Content::Null,
        None => Content::Null,
        Some(Field::IntValue(value)) => Content::Int(value),
        Some(Field::LongValue(value)) => Content::Long(value),
        Some(Field::FloatValue(value)) => Content::Float(value),
        Some(Field::DoubleValue(value)) => Content::Double(value),
        Some(Field::BooleanValue(value)) => Content::Bool(value),
        Some(Field::StringValue(value)) => Content::Text(value),
        Some(Field::BytesValue(_) | Field::DatasetValue(_) | Field::TemplateValue(_) | Field::ExtensionValue(_)) => Content::Structure,
    };
    let historical = wired.is_historical == Some(true);
    let time = wired.timestamp.and_then(time);
    Metric { name: wired.name, alias: wired.alias, time, kind: wired.datatype, historical, content, quality }
}

/// Milliseconds since 1970, if they can be true.
fn time(millis: u64) -> Option<Timestamp> {
    let time = Timestamp::from_micros(i64::try_from(millis).ok()?.checked_mul(1_000)?);
    Some(time).filter(crate::mqtt::payload::is_plausible)
}

/// How many metrics the bytes hold, counted without making any: an empty one takes two bytes on the wire and hundreds in memory.
fn metrics_in(mut bytes: &[u8]) -> Option<usize> {
    const METRICS: u64 = 2;
    let mut count = 0;
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let length = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            5 => 4,
            _ => return None,
        };
        bytes = bytes.get(length..)?;
        count += usize::from(key >> 3 == METRICS);
    }
    Some(count)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A command for one metric, known by its name: an alias could mean another metric by the time it arrives.
pub fn command(name: &str, kind: Kind, content: &Content, now: Timestamp) -> Vec<u8> {
    let now = u64::try_from(now.micros() / 1_000).unwrap_or_default();
    let value = match content {
        Content::Int(value) => Field::IntValue(*value),
        Content::Long(value) => Field::LongValue(*value),
        Content::Float(value) => Field::FloatValue(*value),
        Content::Double(value) => Field::DoubleValue(*value),
        Content::Bool(value) => Field::BooleanValue(*value),
        Content::Text(value) => Field::StringValue(value.clone()),
        Content::Null | Content::Structure => Field::BooleanValue(false),
    };
    let mut metric = Wired::new();
    metric.name = Some(name.into());
    metric.timestamp = Some(now);
    metric.datatype = Some(kind.number());
    metric.value = Some(value);
    WiredPayload { timestamp: Some(now), metrics: vec![metric], seq: None, uuid: None, body: None }.encode_to_vec()
}

/// Every data type by its number and the name that the specification gives it.
pub fn name_of(number: u32) -> &'static str {
    i32::try_from(number).ok().and_then(|number| DataType::try_from(number).ok()).map_or("unknown", |kind| kind.as_str_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_what_was_meant() {
        let bytes = command("Motor/Speed", Kind::Int32, &Content::Int(-12i32 as u32), Timestamp::from_secs(1_700_000_000));
        let payload = decode(&bytes).unwrap();
        assert_eq!((payload.sequence, payload.time), (None, Some(Timestamp::from_secs(1_700_000_000))));
        let metric = &payload.metrics[0];
        assert_eq!((metric.name.as_deref(), metric.alias, metric.kind), (Some("Motor/Speed"), None, Some(3)));
        assert_eq!(metric.content, Content::Int(4_294_967_284));
    }

    #[test]
    fn a_payload_of_more_metrics_than_there_can_be_is_none() {
        let empty_metrics = |count| [0x12, 0x00].repeat(count);
        assert_eq!(decode(&empty_metrics(3)).unwrap().metrics.len(), 3);
        assert_eq!(decode(&empty_metrics(MOST_METRICS + 1)), None);
        for bytes in [&[0x12][..], &[0x12, 0x05, 0x00], &[0xFF; 12], b"{\"a\":1}", &[0x0B]] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
        assert!(decode(&[]).unwrap().metrics.is_empty());
    }
}
