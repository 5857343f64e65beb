//! The simulated plant as its engineers would describe it, the device that reads it, and the scenarios that are shipped.

use super::{
    channel::{ASSET, Channel, Setpoint},
    registers::{place, setpoint_place},
    scenario::Scenario,
};
use crate::{
    device::{Common, DeviceConfig, Speaks},
    modbus::{address::Address, config::ModbusTcp},
    point::PointConfig,
};
use millwright_domain::{
    ids::{DeviceId, SiteId},
    plant::{Asset, Plant, Range, Signal, Source, Writable},
    quantity::{QuantityKind, Unit},
};
use std::net::SocketAddr;

const SITE: &str = "demo";
const DEVICE: &str = "plc-1";

/// The demo's site.
pub fn demo_plant() -> Plant {
    let measured = Channel::ALL.iter().map(|channel| Signal {
        id: channel.signal().parse().expect("signal names are names"),
        device: device_id(),
        kind: channel.kind(),
        unit: channel.unit(),
        range: Some(channel.range()),
        writable: None,
    });
    let told = Setpoint::ALL.iter().map(|setpoint| setpoint_signal(*setpoint));
    let pump = Asset {
        id: ASSET.parse().expect("the asset's name is a name"),
        name: "Process water pump".into(),
        area: "utilities".into(),
        line: "process-water".into(),
        cell: None,
        class: "side_channel_pump".into(),
        signals: measured.chain(told).collect(),
    };
    Plant { site: site_id(), name: "Demo plant".into(), source: Source::Live, assets: vec![pump] }
}

/// The device that polls the simulated plant once a plant second and writes its setpoints.
pub fn demo_device(address: SocketAddr) -> DeviceConfig {
    let measured = Channel::ALL.iter().map(|channel| {
        let (address, scale) = place(*channel);
        point(channel.signal(), address, scale)
    });
    let told = Setpoint::ALL.iter().map(|setpoint| point(setpoint.signal(), setpoint_place(*setpoint), 1.0));
    DeviceConfig { speaks: Speaks::ModbusTcp(ModbusTcp::at(address.to_string())), common: Common::usual(device_id(), measured.chain(told).collect()) }
}

/// The scenarios that `config/scenarios/` ships, built in so that a demo needs no files.
pub fn shipped_scenarios() -> Vec<Scenario> {
    [
        include_str!("../../../config/scenarios/normal.json"),
        include_str!("../../../config/scenarios/chronic_wear.json"),
        include_str!("../../../config/scenarios/clog_and_sensor_drift.json"),
    ]
    .iter()
    .map(|text| Scenario::from_json(text).expect("a test reads every shipped scenario"))
    .collect()
}

fn setpoint_signal(setpoint: Setpoint) -> Signal {
    let (kind, unit, limits, max_step, tolerance) = match setpoint {
        Setpoint::Speed => (QuantityKind::SpeedSetpoint, Unit::RevolutionsPerMinute, Range { low: 0.0, high: 1_600.0 }, 1_500.0, 1.0),
        Setpoint::Valve => (QuantityKind::ValveSetpoint, Unit::Percent, Range { low: 20.0, high: 100.0 }, 50.0, 0.5),
    };
    Signal {
        id: setpoint.signal().parse().expect("signal names are names"),
        device: device_id(),
        kind,
        unit,
        range: Some(setpoint.range()),
        writable: Some(Writable { limits, rated: setpoint.rated(), max_step, min_interval_s: 60, tolerance }),
    }
}

fn point(signal: String, address: Address, scale: f64) -> PointConfig {
    let signal = signal.parse().expect("signal names are names");
    PointConfig { scale, ..PointConfig::at(signal, address.to_string()) }
}

fn site_id() -> SiteId {
    SITE.parse().expect("the site's name is a name")
}
fn device_id() -> DeviceId {
    DEVICE.parse().expect("the device's name is a name")
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

    #[test]
    fn every_shipped_scenario_can_be_played() {
        let names: Vec<String> = shipped_scenarios().into_iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["normal", "chronic_wear", "clog_and_sensor_drift"]);
    }
}
