//! An MQTT device as written in the settings, and the map of topics made of it, which cannot be wrong.

use super::{
    Mqtt, Spot,
    address::{Address, Pointer},
    broker::Broker,
    payload::Kind,
    wire::Session,
};
use crate::{
    device::{Place, Spoken},
    point::PointConfig,
    problem::{Problem, Under, within},
};
use millwright_domain::ids::DeviceId;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// One machine, or several, behind a broker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttDevice {
    #[serde(flatten)]
    pub broker: Broker,
    /// 1: the broker keeps what is published while we are away, and repeats what we did not acknowledge. 0: neither.
    #[serde(default = "at_least_once")]
    pub qos: u8,
    /// Where a payload says when it was measured, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
}

fn at_least_once() -> u8 {
    1
}

impl MqttDevice {
    pub(crate) fn checked(&self, id: &DeviceId, points: &[PointConfig]) -> Under<Spoken> {
        self.broker.check()?;
        within("qos", self.qos.into(), 0, 1)?;
        let not_used = |why: super::address::BadAddress| ("timestamp".to_string(), Problem::Protocol(format!("cannot be used: {why}")));
        let timestamp: Option<Pointer> = self.timestamp.as_deref().map(str::parse).transpose().map_err(not_used)?;
        let spots: Vec<Spot> = points.iter().enumerate().map(|(index, config)| spot(index, config)).collect::<Under<_>>()?;
        let places = spots.iter().map(Spot::place).collect();
        let kept = self.qos == 1;
        let session = Session { client_id: client_id(&self.broker, id), kept, at_least_once: kept, filters: super::topics(&spots) };
        let address = self.broker.host_and_port();
        let protocol = Mqtt { broker: self.broker.clone(), session, timestamp, spots: spots.into() };
        Ok(Spoken { address, pause: Duration::ZERO, places, protocol: Arc::new(protocol) })
    }
}

/// As configured, or the device's own: the same after each start, so that the broker knows whom it kept messages for.
pub(crate) fn client_id(broker: &Broker, id: &DeviceId) -> String {
    broker.client_id.clone().unwrap_or_else(|| format!("millwright-{id}"))
}

fn spot(index: usize, config: &PointConfig) -> Under<Spot> {
    let under = |key: &str, why: String| (format!("points[{index}].{key}"), Problem::Protocol(format!("cannot be used: {why}")));
    let address: Address = config.address.parse().map_err(|why: super::address::BadAddress| under("address", why.to_string()))?;
    let kind: Option<Kind> = config.kind.as_deref().map(str::parse).transpose().map_err(|why| under("type", why))?;
    Ok(Spot { address, kind })
}

impl Spot {
    fn place(&self) -> Place {
        let no_command = || format!("{0} has no topic that takes commands; write it as `{0} > command/topic`", self.address);
        let writable = match (&self.address.command, self.kind) {
            (None, _) => Err(no_command()),
            (Some(_), Some(Kind::Text)) => Err(format!("{} is a text, and only numbers are written", self.address)),
            (Some(_), _) => Ok(()),
        };
        let kind = self.kind.map(|kind| format!(" ({})", kind.as_str())).unwrap_or_default();
        Place { canonical: format!("{}{kind}", self.address), unit: 1, writable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(settings: Value) -> Result<MqttDevice, serde_json::Error> {
        serde_json::from_value(settings)
    }
    fn plain() -> MqttDevice {
        read(json!({ "address": "broker.plant" })).unwrap()
    }
    fn checked(device: &MqttDevice, address: &str) -> Under<Spoken> {
        device.checked(&"pump-1".parse().unwrap(), &[PointConfig::at("p/speed".parse().unwrap(), address)])
    }

    #[test]
    fn an_unknown_key_is_refused_and_silent_ones_have_their_usual_values() {
        assert_eq!((plain().qos, plain().broker.keep_alive_s, plain().broker.max_packet_kb), (1, 10, 256));
        assert!(read(json!({ "address": "broker.plant", "user": "x" })).unwrap_err().to_string().contains("user"));
        assert!(read(json!({ "address": "broker.plant", "tls": { "ca": "x" } })).is_err());
        assert_eq!(read(serde_json::to_value(plain()).unwrap()).unwrap(), plain());
    }

    #[test]
    fn the_broker_is_told_a_name_that_stays() {
        let id = "pump-1".parse().unwrap();
        assert_eq!(client_id(&plain().broker, &id), "millwright-pump-1");
        assert_eq!(client_id(&Broker { client_id: Some("hall-3".into()), ..plain().broker }, &id), "hall-3");
    }

    #[test]
    fn only_what_has_a_command_topic_can_be_written() {
        let writable = |address: &str| checked(&plain(), address).map(|spoken| spoken.places[0].writable.clone()).map_err(|(key, _)| key);
        assert!(writable("a/state > a/set").unwrap().is_ok());
        assert!(writable("a/state").unwrap().unwrap_err().contains("a/state > command/topic"));
        assert_eq!(writable("a/+/b").unwrap_err(), "points[0].address");
        let wrong_time = MqttDevice { timestamp: Some("ts".into()), ..plain() };
        assert_eq!(checked(&wrong_time, "a").map(drop).unwrap_err().0, "timestamp");
    }
}
