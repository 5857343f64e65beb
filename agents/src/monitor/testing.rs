//! A small pump for tests: five signals that hang together, seeded noise, faults on demand.

use super::{Finding, Monitor, MonitorSettings};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    case::AlertRaised,
    plant::{Asset, Plant, Signal, Source},
    quantity::{QuantityKind as Kind, Unit},
    reading::{Quality, Reading, Scan},
};

pub const START: Timestamp = Timestamp::from_secs(1_000_000);
const KINDS: [(&str, Kind, Unit); 6] = [
    ("flow", Kind::Flow, Unit::LitresPerMinute),
    ("pressure", Kind::Pressure, Unit::Bar),
    ("vibration", Kind::Vibration, Unit::MillimetresPerSecond),
    ("bearing_temp", Kind::BearingTemperature, Unit::Celsius),
    ("speed", Kind::Speed, Unit::RevolutionsPerMinute),
    ("speed_setpoint", Kind::SpeedSetpoint, Unit::RevolutionsPerMinute),
];

pub fn plant() -> Plant {
    let signal = |(name, kind, unit): (&str, Kind, Unit)| Signal {
        id: format!("pump/{name}").parse().unwrap(),
        device: "plc".parse().unwrap(),
        kind,
        unit,
        range: None,
        trip: None,
        writable: None,
    };
    let asset = Asset {
        id: "pump".parse().unwrap(),
        name: "Pump".into(),
        area: "a".into(),
        line: "l".into(),
        cell: None,
        class: "centrifugal_pump".into(),
        vendor: String::new(),
        signals: KINDS.map(signal).to_vec(),
    };
    Plant { site: "demo".parse().unwrap(), name: "Demo".into(), source: Source::Live, assets: vec![asset] }
}

pub fn settings() -> MonitorSettings {
    MonitorSettings { learning_s: 600, ..MonitorSettings::default() }
}

/// Roughly normal, the same on every machine.
pub fn noise(second: u64, channel: u64) -> f64 {
    let draw = |salt: u64| {
        let mut mixed = (second * 31 + channel).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt.wrapping_mul(0xD1B5_4A32_D192_ED03));
        mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 32)) as u32 as f64 / f64::from(u32::MAX) - 0.5
    };
    (0..6).map(draw).sum::<f64>() * 2.0_f64.sqrt()
}

/// Healthy values at a second: load moves flow up and pressure down.
pub fn healthy(second: u64) -> [f64; 6] {
    let load = noise(second, 9);
    [
        100.0 + load + 0.5 * noise(second, 1),
        4.0 - 0.05 * load + 0.02 * noise(second, 2),
        2.0 + 0.1 * noise(second, 3),
        55.0 + 0.3 * noise(second, 4),
        1_450.0 + 2.0 * noise(second, 5),
        1_450.0,
    ]
}

pub fn scan(second: u64, values: [f64; 6]) -> Scan {
    let at = START + TimeDelta::seconds(second as i64);
    let readings = KINDS.iter().zip(values).map(|((name, ..), value)| Reading::measured(format!("pump/{name}").parse().unwrap(), value)).collect();
    Scan { site: "demo".parse().unwrap(), device: "plc".parse().unwrap(), epoch: 1, scan: second, scanned_at: at, received_at: at, readings }
}

/// The same scan, with one value that could not be read.
pub fn without(mut scan: Scan, channel: usize) -> Scan {
    let signal = scan.readings[channel].signal.clone();
    scan.readings[channel] = Reading::missing(signal, Quality::BadNoCommunication);
    scan
}

/// Healthy up to `onset`, then `fault(second, values)`.
pub fn run(until: u64, onset: u64, fault: impl Fn(u64, &mut [f64; 6])) -> Vec<Finding> {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..until {
        let mut values = healthy(second);
        if second >= onset {
            fault(second, &mut values);
        }
        monitor.observe(&scan(second, values), &mut found);
    }
    found
}

pub fn alerts(found: &[Finding]) -> Vec<(i64, &AlertRaised)> {
    found
        .iter()
        .filter_map(|finding| match finding {
            Finding::Alert { at, raised } => Some((at.since(START).num_seconds(), raised)),
            _ => None,
        })
        .collect()
}
