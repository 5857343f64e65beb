//! The third pump's controller as an MQTT client: it tells what it measures, and takes commands.
//!
//! | topic | what |
//! |---|---|
//! | `plant/pump-3/telemetry` | one JSON object a second, and one at once after a command: `sequence`, `seconds`, `running`, each measured quantity and setpoint by its name |
//! | `plant/pump-3/status` | retained: `online`, or `offline` by its will |
//! | `plant/pump-3/command/speed_setpoint`, `plant/pump-3/command/valve_setpoint` | a number as text. What is retained is old and not obeyed; what the controller does not take changes nothing |
//!
//! `sequence` counts messages without a gap, so a reader sees what it missed; `seconds` are those since the plant was started.

use super::{
    channel::{ASSETS, Channel, Setpoint},
    plant::SimulatedPlant,
    pump::Pump,
};
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, Publish, QoS};
use std::{fmt::Write, net::SocketAddr, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// The pump that speaks MQTT.
pub(super) const PUMP: usize = 2;
pub const TELEMETRY: &str = "plant/pump-3/telemetry";
pub const STATUS: &str = "plant/pump-3/status";
pub const COMMAND: &str = "plant/pump-3/command/";

/// Messages that wait for a slow broker; what is newer is left out, and told with the next second.
const WAITING: usize = 16;
/// Between two tries to reach the broker.
const AGAIN: Duration = Duration::from_millis(500);

/// Where a measured quantity is told: `plant/pump-3/telemetry#/flow`.
pub(super) fn channel_place(channel: Channel) -> String {
    format!("{TELEMETRY}#/{}", channel.name())
}
/// Where a setpoint is told and where it is given.
pub(super) fn setpoint_place(setpoint: Setpoint) -> String {
    let name = setpoint.name();
    format!("{TELEMETRY}#/{name} > {COMMAND}{name}")
}

/// Tells the broker until stopped. While the link is down it is gone, and the broker publishes its will.
pub async fn run(broker: SocketAddr, plant: Arc<SimulatedPlant>, stop: CancellationToken) {
    let mut changes = plant.changes();
    let mut session = None;
    let mut sequence = 0;
    loop {
        match plant.look(PUMP, |pump| pump.is_linked().then(|| telemetry(pump, sequence))) {
            None => return,
            Some(None) => session = None,
            Some(Some(told)) => {
                let session = session.get_or_insert_with(|| Session::open(broker, plant.clone()));
                if session.client.try_publish(TELEMETRY, QoS::AtLeastOnce, false, told).is_ok() {
                    sequence += 1;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// A connection that is kept up. It ends, without a goodbye, when dropped.
struct Session {
    client: AsyncClient,
    _kept_up: JoinSet<()>,
}

impl Session {
    fn open(broker: SocketAddr, plant: Arc<SimulatedPlant>) -> Self {
        let mut options = MqttOptions::new(ASSETS[PUMP], broker.ip().to_string(), broker.port());
        options.set_keep_alive(Duration::from_secs(5)).set_last_will(LastWill::new(STATUS, "offline", QoS::AtLeastOnce, true));
        let (client, events) = AsyncClient::new(options, WAITING);
        let mut kept_up = JoinSet::new();
        kept_up.spawn(keep_up(client.clone(), events, plant));
        Self { client, _kept_up: kept_up }
    }
}

async fn keep_up(client: AsyncClient, mut events: EventLoop, plant: Arc<SimulatedPlant>) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                let subscribed = client.try_subscribe(format!("{COMMAND}#"), QoS::AtLeastOnce);
                if subscribed.and_then(|()| client.try_publish(STATUS, QoS::AtLeastOnce, true, "online")).is_err() {
                    // The queue is full of telemetry. The next connection asks again.
                    events.clean();
                }
            }
            Ok(Event::Incoming(Packet::Publish(command))) => obey(&plant, &command),
            Ok(_) => {}
            Err(error) => {
                debug!(%error, "the third pump has no broker");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

fn obey(plant: &SimulatedPlant, command: &Publish) {
    let setpoint = command.topic.strip_prefix(COMMAND).and_then(Setpoint::by_name);
    let value = std::str::from_utf8(&command.payload).ok().and_then(|text| text.trim().parse::<f64>().ok());
    if let (Some(setpoint), Some(value), false) = (setpoint, value, command.retain) {
        plant.order(PUMP, |pump| pump.is_linked() && pump.tell(setpoint, value));
    }
}

/// The same pump gives the same bytes. Measured values have the digits that their sensors are good for.
pub(super) fn telemetry(pump: &Pump, sequence: u64) -> String {
    let mut json = format!("{{\"sequence\":{sequence},\"seconds\":{},\"running\":{}", pump.seconds(), pump.is_running());
    let mut put = |name: &str, value: String| write!(json, ",\"{name}\":{value}").expect("a String takes every write");
    pump.shown().for_each(|(channel, value)| put(channel.name(), format!("{value:.*}", channel.sensor().digits)));
    Setpoint::ALL.into_iter().for_each(|setpoint| put(setpoint.name(), pump.told(setpoint).to_string()));
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{scenario::Scenario, world::World};

    #[test]
    fn telemetry_is_an_object_of_numbers_that_are_what_the_sensors_show() {
        let world = World::new(3, 1, Scenario::normal());
        let pump = &world.pumps()[PUMP];
        let told: serde_json::Value = serde_json::from_str(&telemetry(pump, 7)).unwrap();
        assert_eq!((&told["sequence"], &told["running"], &told["speed_setpoint"]), (&7.into(), &true.into(), &1_480.into()));
        for (channel, value) in pump.shown() {
            assert!((told[channel.name()].as_f64().unwrap() - value).abs() < 0.06, "{}", channel.name());
        }
    }
}
