//! The plant itself: three pumps by the shipped simulator's physics, each with a device, and what goes wrong with them.

use crate::{
    chance::Chance,
    life::{Life, NodeClock, TrueTime},
    trace::{Step, Trace},
};
use anyhow::{Context, Result};
use chrono::TimeDelta;
use millwright_domain::{
    action::WriteOrder,
    ids::{AssetId, DeviceId},
    plant::Plant,
    policy::Policy,
    ports::plant_control::PlantControl,
    reading::{Quality, Reading},
};
use millwright_ingest::simulator::{
    channel::{ASSET, Setpoint},
    demo_plant,
    plant::SimulatedPlant,
    scenario::Scenario,
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub const PUMPS: usize = 3;
/// Seconds between two scans of a device.
pub const SCAN_EVERY: Duration = Duration::from_secs(5);

/// The machines, outside of every program.
pub struct Machines {
    pumps: BTreeMap<DeviceId, Arc<SimulatedPlant>>,
    /// Devices that answer nobody for now.
    pub silent: AtomicBool,
    trace: Trace,
    time: TrueTime,
    chance: Chance,
}

/// What came of bytes that were sent to a device.
pub enum Taken {
    Yes,
    Refused,
    /// It did, but its reply was lost.
    Unheard,
}

impl Machines {
    pub fn new(seed: u64, chance: Chance, trace: Trace, time: TrueTime) -> Result<Self> {
        let clock = Arc::new(NodeClock { time, skew: TimeDelta::zero(), life: Arc::new(Life::default()) });
        let mut pumps = BTreeMap::new();
        for number in 1..=PUMPS {
            let scenario = scenario(&chance)?;
            let plant = SimulatedPlant::new(seed + number as u64, scenario, vec![], clock.clone(), 1.0, Box::new(|_, _| {}));
            pumps.insert(device(number), Arc::new(plant));
        }
        Ok(Self { pumps, silent: AtomicBool::new(false), trace, time, chance })
    }

    /// Lets the machines run, second by second.
    pub async fn run(&self) {
        let step = SCAN_EVERY.as_secs();
        loop {
            tokio::time::sleep(SCAN_EVERY).await;
            let now = self.time.now();
            for pump in self.pumps.values() {
                (0..step).for_each(|_| pump.tick(now));
            }
        }
    }

    /// What a device says when it is asked.
    pub fn read(&self, device: &DeviceId) -> Vec<Reading> {
        let Some(pump) = self.pumps.get(device) else { return vec![] };
        let asset = asset_of(device);
        let silent = self.silent.load(Ordering::Relaxed);
        let readings = pump.shown().into_iter().filter_map(|(name, value)| {
            let signal = format!("{asset}/{name}").parse().ok()?;
            Some(if silent { Reading::missing(signal, Quality::BadNoCommunication) } else { Reading::measured(signal, value) })
        });
        readings.collect()
    }

    pub fn value(&self, order: &WriteOrder) -> Option<f64> {
        let name = order.signal.as_str().rsplit_once('/')?.1.to_string();
        self.pumps.get(&order.device)?.shown().into_iter().find_map(|(shown, value)| (shown == name).then_some(value))
    }

    /// Bytes have arrived.
    pub fn write(&self, node: &'static str, order: &WriteOrder, under: Option<u64>) -> Taken {
        let name = order.signal.as_str().rsplit_once('/').map_or("", |(_, name)| name);
        let setpoint = Setpoint::ALL.into_iter().find(|setpoint| setpoint.name() == name);
        let Some((pump, setpoint)) = self.pumps.get(&order.device).zip(setpoint) else { return Taken::Refused };
        if self.silent.load(Ordering::Relaxed) {
            return Taken::Refused;
        }
        self.trace.push(self.time.now(), Step::Written { node, order: order.clone(), under });
        if !pump.tell(setpoint, order.value) {
            return Taken::Refused;
        }
        if self.chance.per_mille(60) { Taken::Unheard } else { Taken::Yes }
    }

    /// A person has mended the machine.
    pub async fn repair(&self, asset: &AssetId) {
        let number = asset.as_str().rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(0);
        if let Some(pump) = self.pumps.get(&device(number)) {
            pump.repair(ASSET).await.ok();
            Setpoint::ALL.into_iter().for_each(|setpoint| {
                pump.tell(setpoint, setpoint.rated());
            });
        }
    }
}

pub fn device(number: usize) -> DeviceId {
    format!("plc-{number}").parse().expect("a name")
}
pub fn asset(number: usize) -> AssetId {
    format!("pump-{number}").parse().expect("a name")
}
fn asset_of(device: &DeviceId) -> String {
    device.as_str().replace("plc-", "pump-")
}

/// The demo's pump, several times over.
pub fn described() -> Plant {
    let mut plant = demo_plant();
    let pattern = plant.assets.pop().expect("the demo has a pump");
    plant.assets = (1..=PUMPS)
        .map(|number| {
            let mut pump = pattern.clone();
            pump.id = asset(number);
            for signal in &mut pump.signals {
                signal.device = device(number);
                signal.id = signal.id.as_str().replace(ASSET, pump.id.as_str()).parse().expect("a name");
            }
            pump
        })
        .collect();
    plant
}

/// The shipped one; with `patience` people have so many seconds to answer.
pub fn policy(patience: u32) -> Result<Policy> {
    let shipped: Policy = serde_saphyr::from_str(include_str!("../../config/policy.yaml")).context("the shipped policy")?;
    Ok(Policy { approval_expires_after_s: patience, ..shipped })
}

/// One or two things that go wrong after the monitor has learned what is normal.
fn scenario(chance: &Chance) -> Result<Scenario> {
    let mut start = chance.from(330..600);
    let mut faults = vec![];
    for _ in 0..chance.from(1..3) {
        let severity = 0.5 + chance.share() / 2.0;
        let fault = match chance.from(0..4) {
            0 => json!({"fault": "clogging", "asset": ASSET, "start_s": start, "ramp_s": 60.0, "severity": severity, "duration_s": 300.0}),
            1 => {
                let signal = format!("{ASSET}/{}", chance.one_of(&["pressure", "flow", "vibration", "bearing_temperature"]));
                json!({"fault": "sensor_drift", "asset": ASSET, "signal": signal, "start_s": start, "ramp_s": 30.0, "severity": severity, "duration_s": 300.0})
            }
            _ => json!({"fault": "bearing_wear", "asset": ASSET, "start_s": start, "ramp_s": 60.0, "severity": severity}),
        };
        faults.push(fault);
        start += chance.from(200..400);
    }
    Ok(Scenario::from_value(json!({"name": "drawn", "faults": faults}))?)
}
