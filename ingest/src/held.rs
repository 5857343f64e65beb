//! One device while it is ours: its connections and pollers, under one epoch, and the two ways in which that ends.

use crate::{
    collect::{
        Tally,
        gather::Gatherer,
        link::{Line, Link},
        poll::Poller,
        write::Target,
    },
    device::Device,
    gate::{Clocks, Gate, Lease},
    outlet::DeviceOutlet,
    snapshot::{DeviceSnapshot, UnitSnapshot},
};
use millwright_domain::{Timestamp, action::WriteOrder, ports::write_device::WriteVerdict};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// What a device tells by itself may wait in so many pieces to be gathered.
const HEARD: usize = 1_024;

/// What reading and writing need. Whoever is writing keeps it, and the connections with it, until the write has ended.
pub(crate) struct Held {
    pub device: Arc<Device>,
    pub lease: Lease,
    clocks: Clocks,
    links: BTreeMap<u16, Link>,
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
        let tally = Arc::new(Mutex::new(Tally::new(manner.speed)));
        let (clock, speed) = (manner.clocks.clock.clone(), manner.speed);
        let (hears, heard) = mpsc::channel(HEARD);
        let hears = device.is_told().then_some(&hears);
        let mut links = BTreeMap::new();
        for line in Line::all_of(&device, manner.seed, hears) {
            keepers.spawn(Line::keep(line.keeper, line.questions, lost.clone()));
            links.extend(line.links);
        }
        if device.is_told() {
            let (device, outlet, tally) = (device.clone(), outlet.clone(), tally.clone());
            pollers.spawn(Gatherer { device, heard, outlet, clock, speed, tally }.run(stop_polling.clone()));
        } else {
            for (unit, link) in &links {
                let (device, link, outlet, tally, clock) = (device.clone(), link.clone(), outlet.clone(), tally.clone(), clock.clone());
                pollers.spawn(Poller { device, unit: *unit, link, outlet, clock, speed, tally }.run(stop_polling.clone()));
            }
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
        let number = self.device.number_of(&order.signal).ok_or_else(|| format!("device {} has no point for {}", order.device, order.signal))?;
        let point = &self.device.points[number];
        let link = self.links.get(&point.unit).ok_or_else(|| format!("device {} has no unit {}", order.device, point.unit))?;
        let (timeout, read_back) = (self.device.timeout_of(point), self.device.read_back);
        Ok(Target { number, point, protocol: &*self.device.protocol, link, timeout, read_back })
    }

    pub(crate) fn snapshot(&self) -> DeviceSnapshot {
        let of_unit = |(unit, link): (&u16, &Link)| {
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
