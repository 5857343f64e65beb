//! The simulated plant as its engineers would describe it, the device that reads it, and the scenarios that are shipped.

use super::{
    channel::{ASSETS, Channel, Setpoint},
    gateway, mqtt, registers, s7,
    scenario::Scenario,
};
use crate::{
    device::{Common, DeviceConfig, Speaks},
    modbus::config::ModbusTcp,
    mqtt::{broker::Broker, config::MqttDevice},
    point::PointConfig,
    s7::config::SiemensS7,
};
use millwright_domain::{
    ids::{DeviceId, SiteId},
    plant::{Asset, Plant, Range, Signal, Source, Writable},
    quantity::{QuantityKind, Unit},
};
use std::net::SocketAddr;

const SITE: &str = "demo";

/// Where the devices of the simulated plant listen, or where what leads to them does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// The first pump's controller: Modbus TCP.
    pub controller: SocketAddr,
    /// The second pump's: Siemens S7.
    pub s7: SocketAddr,
    /// The broker that the third pump's tells: MQTT.
    pub broker: SocketAddr,
    /// The gateway to the fourth and fifth: Modbus TCP, units 4 and 5.
    pub gateway: SocketAddr,
}

impl Addresses {
    /// The first one, and the three ports after it; of port 0 four free ones.
    pub fn from(first: SocketAddr) -> Self {
        let after = |ports: u16| SocketAddr::new(first.ip(), if first.port() == 0 { 0 } else { first.port().saturating_add(ports) });
        Self { controller: first, s7: after(1), broker: after(2), gateway: after(3) }
    }
}

/// The demo's site: one pump.
pub fn demo_plant() -> Plant {
    plant_of(1)
}

/// The demo's site with so many pumps.
pub fn plant_of(pumps: usize) -> Plant {
    Plant { site: site_id(), name: "Demo plant".into(), source: Source::Live, assets: (0..pumps.min(ASSETS.len())).map(asset).collect() }
}

/// The device that polls the first pump once a plant second and writes its setpoints.
pub fn demo_device(address: SocketAddr) -> DeviceConfig {
    let at = address.to_string();
    device(
        0,
        Speaks::ModbusTcp(ModbusTcp::at(at)),
        |channel| spelt(registers::place(channel)),
        |setpoint| spelt((registers::setpoint_place(setpoint), 1.0)),
    )
}

/// The devices of so many pumps, one each.
pub fn devices_of(pumps: usize, at: &Addresses) -> Vec<DeviceConfig> {
    let of_place = |place| match place {
        0 => demo_device(at.controller),
        s7::PUMP => siemens(at.s7),
        mqtt::PUMP => told_by(at.broker),
        _ => behind_gateway(place, at.gateway),
    };
    (0..pumps.min(ASSETS.len())).map(of_place).collect()
}

fn siemens(at: SocketAddr) -> DeviceConfig {
    let speaks = Speaks::S7(SiemensS7::at(at.to_string()));
    device(s7::PUMP, speaks, |channel| spelt(s7::channel_place(channel)), |setpoint| spelt((s7::setpoint_place(setpoint), 1.0)))
}

fn told_by(broker: SocketAddr) -> DeviceConfig {
    let speaks = Speaks::Mqtt(MqttDevice { broker: Broker::at(broker.to_string()), qos: 1, timestamp: None });
    device(mqtt::PUMP, speaks, |channel| (mqtt::channel_place(channel), 1.0), |setpoint| (mqtt::setpoint_place(setpoint), 1.0))
}

fn behind_gateway(place: usize, at: SocketAddr) -> DeviceConfig {
    let modbus = ModbusTcp { unit: place as u8 + 1, byte_order: gateway::ORDER, ..ModbusTcp::at(at.to_string()) };
    device(place, Speaks::ModbusTcp(modbus), |channel| spelt(gateway::channel_place(channel)), |setpoint| spelt(gateway::setpoint_place(setpoint)))
}

fn spelt((address, scale): (impl ToString, f64)) -> (String, f64) {
    (address.to_string(), scale)
}

/// A device that reads all of a pump, from the addresses and with the scales that are named.
fn device(
    place: usize,
    speaks: Speaks,
    channel_at: impl Fn(Channel) -> (String, f64),
    setpoint_at: impl Fn(Setpoint) -> (String, f64),
) -> DeviceConfig {
    let asset = ASSETS[place];
    let measured = Channel::ALL.iter().map(|channel| point(channel.signal_of(asset), channel_at(*channel)));
    let told = Setpoint::ALL.iter().map(|setpoint| point(setpoint.signal_of(asset), setpoint_at(*setpoint)));
    DeviceConfig { speaks, common: Common::usual(device_id(place), measured.chain(told).collect()) }
}

fn asset(place: usize) -> Asset {
    let id = ASSETS[place];
    let measured = Channel::ALL.iter().map(|channel| Signal {
        id: channel.signal_of(id).parse().expect("signal names are names"),
        device: device_id(place),
        kind: channel.kind(),
        unit: channel.unit(),
        range: Some(channel.range()),
        trip: channel.trip(),
        writable: None,
    });
    let told = Setpoint::ALL.iter().map(|setpoint| setpoint_signal(place, *setpoint));
    let (name, line) = match place {
        0 => ("Process water pump".to_string(), "process-water"),
        1 | 2 => (format!("Process water pump {}", place + 1), "process-water"),
        _ => (format!("Cooling water pump {}", place - 2), "cooling-water"),
    };
    Asset {
        id: id.parse().expect("the asset's name is a name"),
        name,
        area: "utilities".into(),
        line: line.into(),
        cell: None,
        class: "side_channel_pump".into(),
        vendor: vendor(place).into(),
        signals: measured.chain(told).collect(),
    }
}

/// Who made the controller.
const fn vendor(place: usize) -> &'static str {
    match place {
        0 => "Schneider",
        s7::PUMP => "Siemens",
        mqtt::PUMP => "Moxa",
        _ => "Allen-Bradley",
    }
}

/// The scenarios that `config/scenarios/` ships, built in so that a demo needs no files.
pub fn shipped_scenarios() -> Vec<Scenario> {
    [
        include_str!("../../../config/scenarios/normal.json"),
        include_str!("../../../config/scenarios/chronic_wear.json"),
        include_str!("../../../config/scenarios/clog_and_sensor_drift.json"),
        include_str!("../../../config/scenarios/cross_vendor_wear.json"),
        include_str!("../../../config/scenarios/whole_plant.json"),
    ]
    .iter()
    .map(|text| Scenario::from_json(text).expect("a test reads every shipped scenario"))
    .collect()
}

fn setpoint_signal(place: usize, setpoint: Setpoint) -> Signal {
    let (kind, unit, limits, max_step, tolerance) = match setpoint {
        Setpoint::Speed => (QuantityKind::SpeedSetpoint, Unit::RevolutionsPerMinute, Range { low: 0.0, high: 1_600.0 }, 1_500.0, 1.0),
        Setpoint::Valve => (QuantityKind::ValveSetpoint, Unit::Percent, Range { low: 20.0, high: 100.0 }, 50.0, 0.5),
    };
    Signal {
        id: setpoint.signal_of(ASSETS[place]).parse().expect("signal names are names"),
        device: device_id(place),
        kind,
        unit,
        range: Some(setpoint.range()),
        trip: None,
        writable: Some(Writable { limits, rated: setpoint.rated(), max_step, min_interval_s: 60, tolerance, actions: vec![] }),
    }
}

fn point(signal: String, (address, scale): (String, f64)) -> PointConfig {
    let signal = signal.parse().expect("signal names are names");
    PointConfig { scale, ..PointConfig::at(signal, address) }
}

fn site_id() -> SiteId {
    SITE.parse().expect("the site's name is a name")
}
/// `plc-1` is the first pump's.
fn device_id(place: usize) -> DeviceId {
    format!("plc-{}", place + 1).parse().expect("the device's name is a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_device_fits_the_demo_plant_and_reads_it_in_two_requests() {
        let plant = demo_plant().checked().unwrap();
        let device = demo_device("127.0.0.1:1502".parse().unwrap()).checked(&plant).unwrap();
        let points: Vec<usize> = (0..device.points.len()).collect();
        assert_eq!(device.protocol.plan(&points).len(), 2);
    }

    #[cfg(feature = "s7")]
    #[test]
    fn the_devices_of_each_size_of_plant_fit_its_assets_one_each() {
        let at = Addresses::from("127.0.0.1:1502".parse().unwrap());
        assert_eq!(at.gateway.port(), 1505);
        for pumps in 1..=ASSETS.len() {
            let plant = plant_of(pumps).checked().unwrap();
            let devices = devices_of(pumps, &at);
            assert_eq!((plant.assets.len(), devices.len()), (pumps, pumps));
            for (asset, device) in plant.assets.iter().zip(devices) {
                let device = device.checked(&plant).unwrap();
                assert!(asset.signals.iter().all(|signal| signal.device == *device.id() && device.number_of(&signal.id).is_some()), "{}", asset.id);
            }
        }
    }

    #[test]
    fn every_shipped_scenario_can_be_played() {
        let names: Vec<String> = shipped_scenarios().into_iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["normal", "chronic_wear", "clog_and_sensor_drift", "cross_vendor_wear", "whole_plant"]);
    }
}
