//! One device while it is ours: its connections and pollers, under one epoch, and the two ways in which that ends.

use crate::{
    gate::{Clocks, Gate, Lease},
    lateness::Lateness,
    modbus::{
        collect::{Poller, Tally},
        config::Device,
        link::{Link, LinkSettings},
        plan::Savings,
        write::Target,
    },
    outlet::DeviceOutlet,
    snapshot::{DeviceSnapshot, UnitSnapshot},
    stamp::Stamps,
};
use millwright_domain::{Timestamp, action::WriteOrder, ports::write_device::WriteVerdict};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What reading and writing need. Whoever is writing keeps it, and the connections with it, until the write has ended.
pub(crate) struct Held {
    pub device: Arc<Device>,
    pub lease: Lease,
    clocks: Clocks,
    links: BTreeMap<u8, Link>,
    outlet: Arc<DeviceOutlet>,
    tally: Arc<Mutex<Tally>>,
}

/// The tasks of a held device.
pub(crate) struct Work {
    pollers: JoinSet<()>,
    keepers: JoinSet<()>,
    stop_polling: CancellationToken,
    lost: CancellationToken,
}

/// How a field runs each of its devices.
#[derive(Clone)]
pub(crate) struct Manner {
    pub clocks: Clocks,
    /// Plant seconds per wall second.
    pub speed: f64,
    pub seed: u64,
}

impl Held {
    pub(crate) fn start(device: Arc<Device>, outlet: DeviceOutlet, manner: &Manner) -> (Arc<Self>, Work) {
        let (stop_polling, lost) = (CancellationToken::new(), CancellationToken::new());
        let (mut pollers, mut keepers) = (JoinSet::new(), JoinSet::new());
        let lease = Lease::under(outlet.epoch());
        let outlet = Arc::new(outlet);
        let tally = Tally { lateness: Lateness::default(), stamps: Stamps::new(manner.speed), saved: Savings::default() };
        let tally = Arc::new(Mutex::new(tally));
        let mut links = BTreeMap::new();
        for unit in device.units() {
            let (link, keeping) = Link::new(link_settings(&device, unit, manner.seed), lost.clone());
            keepers.spawn(keeping);
            let poller = Poller {
                device: device.clone(),
                unit,
                link: link.clone(),
                outlet: outlet.clone(),
                clock: manner.clocks.clock.clone(),
                speed: manner.speed,
                tally: tally.clone(),
            };
            pollers.spawn(poller.run(stop_polling.clone()));
            links.insert(unit, link);
        }
        let held = Self { device, lease, clocks: manner.clocks.clone(), links, outlet, tally };
        (Arc::new(held), Work { pollers, keepers, stop_polling, lost })
    }

    pub(crate) async fn write_once(&self, order: &WriteOrder, send_by: Timestamp) -> WriteVerdict {
        let gate = Gate::new(self.clocks.clone(), self.lease.clone(), send_by);
        let target = match self.target(order) {
            Ok(target) => target,
            Err(why) => return WriteVerdict::NotApplied { why },
        };
        if !target.point.writable {
            return WriteVerdict::NotApplied { why: format!("{} is not writable in the plant's description", order.signal) };
        }
        target.write_once(order.value, order.tolerance, gate).await
    }

    pub(crate) async fn read_back(&self, order: &WriteOrder) -> Result<f64, String> {
        self.target(order)?.read().await
    }

    fn target(&self, order: &WriteOrder) -> Result<Target<'_>, String> {
        let point = self.device.point(&order.signal).ok_or_else(|| format!("device {} has no point for {}", order.device, order.signal))?;
        let link = self.links.get(&point.unit).ok_or_else(|| format!("device {} has no unit {}", order.device, point.unit))?;
        let timeout = self.device.classes.get(point.class).map_or(Duration::from_secs(1), |class| class.timeout);
        Ok(Target { point, link, timeout, read_back: self.device.read_back })
    }

    pub(crate) fn snapshot(&self) -> DeviceSnapshot {
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
            epoch: self.lease.epoch(),
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

impl Work {
    /// Ends polling, then waits until nobody uses the connections any more. The lease has ended and the field has let its `Held` go,
    /// so what is waited for is at most the question or the write that is on its way.
    pub(crate) async fn wind_down(mut self) {
        self.stop_polling.cancel();
        join(&mut self.pollers).await;
        join(&mut self.keepers).await;
    }
    /// Drops every connection, whatever is on its way over it.
    pub(crate) fn break_off(&self) {
        self.stop_polling.cancel();
        self.lost.cancel();
    }
}

async fn join(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = &error as &dyn std::error::Error, "a task of the field ended badly: {error}");
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
