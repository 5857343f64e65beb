//! A site's devices at work: one poller and one connection for each unit, one way for writes, one place to ask how they stand.

use crate::{
    device::DeviceConfig,
    lateness::{Lateness, Punctuality},
    modbus::{
        collect::{Poller, Tally},
        config::{BadDevice, Device},
        link::{Link, LinkSettings},
        plan::Savings,
        probe::{Probed, probe},
        write::Target,
    },
    outlet::{DeviceOutlet, Outlet},
    stamp::Stamps,
};
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    action::WriteOrder,
    ids::DeviceId,
    plant::Plant,
    ports::{
        clock::Clock,
        event_log::EventLog,
        write_device::{WriteDevice, WriteVerdict},
    },
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Mutex as TurnTaking, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How a field is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldSettings {
    /// This collector's assignment; higher than any before it.
    pub epoch: u64,
    /// Plant seconds per wall second; 1 but in a time-lapse.
    pub speed: f64,
    /// Scans that may wait while the log is away.
    pub queue: usize,
    /// For the jitter of reconnecting.
    pub seed: u64,
}

impl Default for FieldSettings {
    fn default() -> Self {
        Self { epoch: 1, speed: 1.0, queue: 10_000, seed: 0 }
    }
}

/// The devices of one site, connected and polled until stopped. Absent ones are waited for and hold up nothing.
pub struct Field {
    devices: BTreeMap<DeviceId, Wired>,
    outlet: Outlet,
    stop: CancellationToken,
    tasks: TurnTaking<JoinSet<()>>,
}

struct Wired {
    device: Arc<Device>,
    links: BTreeMap<u8, Link>,
    outlet: Arc<DeviceOutlet>,
    tally: Arc<Mutex<Tally>>,
}

/// How a device stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceSnapshot {
    pub device: DeviceId,
    pub address: String,
    pub units: Vec<UnitSnapshot>,
    pub punctuality: Punctuality,
    /// Since the start.
    pub saved: Savings,
    pub scans: u64,
    /// Scans that found the queue full because the log was away.
    pub dropped: u64,
    pub clock_jumps_back: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitSnapshot {
    pub unit: u8,
    pub state: &'static str,
    pub last_error: Option<String>,
    pub connects: u64,
    pub requests: u64,
}

/// The devices as configured, if all of them can be true for this plant.
pub fn check(configs: &[DeviceConfig], plant: &Plant) -> Result<Vec<Device>, BadDevice> {
    let checked = |config: &DeviceConfig| match config {
        DeviceConfig::ModbusTcp(config) => config.checked(plant),
    };
    configs.iter().map(checked).collect()
}

/// Asks each point of a device once, for `millwright check`.
pub async fn probe_device(device: &Device) -> Vec<Probed> {
    probe(device).await
}

impl Field {
    pub fn start(plant: &Plant, devices: Vec<Device>, clock: Arc<dyn Clock>, log: Arc<dyn EventLog>, settings: FieldSettings) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (outlet, emptying) = Outlet::new(log, settings.queue, stop.clone());
        tasks.spawn(emptying);
        let wire_up = |device: Device| {
            let scans = outlet.device(plant.site.clone(), device.id.clone(), settings.epoch);
            (device.id.clone(), Wired::start(device, scans, &clock, settings, &stop, &mut tasks))
        };
        let devices = devices.into_iter().map(wire_up).collect();
        Self { devices, outlet, stop, tasks: TurnTaking::new(tasks) }
    }

    pub fn snapshots(&self) -> Vec<DeviceSnapshot> {
        self.devices.values().map(Wired::snapshot).collect()
    }
    /// Scans that are durable on the log.
    pub fn delivered(&self) -> u64 {
        self.outlet.delivered()
    }

    /// Stops polling, delivers what waits for the log, and returns once every task has ended.
    pub async fn stop(&self) {
        self.stop.cancel();
        let mut tasks = self.tasks.lock().await;
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = &error as &dyn std::error::Error, "a task of the field ended badly: {error}");
            }
        }
    }

    fn target(&self, order: &WriteOrder) -> Result<Target<'_>, String> {
        let wired = self.devices.get(&order.device).ok_or_else(|| format!("device {} is not configured here", order.device))?;
        let point = wired.device.point(&order.signal).ok_or_else(|| format!("device {} has no point for {}", order.device, order.signal))?;
        let link = wired.links.get(&point.unit).ok_or_else(|| format!("device {} has no unit {}", order.device, point.unit))?;
        let timeout = wired.device.classes.get(point.class).map_or(Duration::from_secs(1), |class| class.timeout);
        Ok(Target { point, link, timeout, read_back: wired.device.read_back })
    }
}

impl Wired {
    fn start(
        device: Device,
        scans: DeviceOutlet,
        clock: &Arc<dyn Clock>,
        settings: FieldSettings,
        stop: &CancellationToken,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let device = Arc::new(device);
        let outlet = Arc::new(scans);
        let tally = Tally { lateness: Lateness::default(), stamps: Stamps::new(settings.speed), saved: Savings::default() };
        let tally = Arc::new(Mutex::new(tally));
        let mut links = BTreeMap::new();
        for unit in device.units() {
            let (link, keeping) = Link::new(link_settings(&device, unit, settings.seed), clock.clone(), stop.clone());
            tasks.spawn(keeping);
            let poller = Poller {
                device: device.clone(),
                unit,
                link: link.clone(),
                outlet: outlet.clone(),
                clock: clock.clone(),
                speed: settings.speed,
                tally: tally.clone(),
            };
            tasks.spawn(poller.run(stop.clone()));
            links.insert(unit, link);
        }
        Self { device, links, outlet, tally }
    }

    fn snapshot(&self) -> DeviceSnapshot {
        let of_unit = |(unit, link): (&u8, &Link)| {
            let health = link.health();
            UnitSnapshot {
                unit: *unit,
                state: health.state.as_str(),
                last_error: health.last_error,
                connects: health.connects,
                requests: health.requests,
            }
        };
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        DeviceSnapshot {
            device: self.device.id.clone(),
            address: self.device.address.clone(),
            units: self.links.iter().map(of_unit).collect(),
            punctuality: tally.lateness.now(),
            saved: tally.saved,
            scans: self.outlet.offered(),
            dropped: self.outlet.dropped(),
            clock_jumps_back: tally.stamps.jumps_back(),
        }
    }
}

fn link_settings(device: &Device, unit: u8, seed: u64) -> LinkSettings {
    LinkSettings {
        device: device.id.to_string(),
        address: device.address.clone(),
        unit,
        connect_timeout: device.connect_timeout,
        pause: device.pause,
        seed: seed ^ device.id.as_str().bytes().fold(u64::from(unit), |mixed, byte| mixed.rotate_left(8) ^ u64::from(byte)),
    }
}

#[async_trait]
impl WriteDevice for Field {
    async fn write_once(&self, order: &WriteOrder, send_by: Timestamp) -> WriteVerdict {
        let target = match self.target(order) {
            Ok(target) => target,
            Err(why) => return WriteVerdict::NotApplied { why },
        };
        if !target.point.writable {
            return WriteVerdict::NotApplied { why: format!("{} is not writable in the plant's description", order.signal) };
        }
        target.write_once(order.value, order.tolerance, send_by).await
    }
    async fn read_back(&self, order: &WriteOrder) -> Result<f64, String> {
        self.target(order)?.read().await
    }
}
