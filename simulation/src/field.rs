//! A program's collectors and its way to write: what it holds, it scans and may write, under the epoch it was assigned.

use crate::{
    chance::Chance,
    life::{Life, NodeClock},
    mutant::Mutant,
    plant::{Machines, SCAN_EVERY, Taken},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    action::WriteOrder,
    ids::{DeviceId, SiteId},
    ports::{
        clock::Clock,
        event_log::EventLog,
        write_device::{WriteDevice, WriteVerdict, Written},
    },
};
use millwright_ingest::{
    gate::{Clocks, Gate, Lease},
    outlet::Outlet,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// What a program's queue of scans can hold while the log is away.
const QUEUE: usize = 400;

pub struct Field {
    pub node: &'static str,
    pub machines: Arc<Machines>,
    pub life: Arc<Life>,
    pub clock: Arc<NodeClock>,
    pub chance: Chance,
    pub site: SiteId,
    pub mutant: Option<Mutant>,
    outlet: Outlet,
    held: Mutex<BTreeMap<DeviceId, (Lease, CancellationToken)>>,
}

/// What a field is made of.
pub struct Wiring {
    pub node: &'static str,
    pub machines: Arc<Machines>,
    pub life: Arc<Life>,
    pub clock: Arc<NodeClock>,
    pub chance: Chance,
    pub site: SiteId,
    pub mutant: Option<Mutant>,
}

impl Field {
    pub fn new(wiring: Wiring, log: Arc<dyn EventLog>) -> Self {
        let (outlet, emptying) = Outlet::new(log, QUEUE, None, wiring.clock.clone());
        tokio::spawn(emptying);
        let Wiring { node, machines, life, clock, chance, site, mutant } = wiring;
        Self { node, machines, life, clock, chance, site, mutant, outlet, held: Mutex::default() }
    }

    /// Scans from here on, under this epoch.
    pub fn take(self: &Arc<Self>, device: &DeviceId, epoch: u64) {
        let stop = CancellationToken::new();
        self.release(device);
        self.held().insert(device.clone(), (Lease::under(epoch), stop.clone()));
        let (field, device) = (self.clone(), device.clone());
        tokio::spawn(async move { field.collect(device, epoch, stop).await });
    }

    pub fn release(&self, device: &DeviceId) {
        if let Some((lease, stop)) = self.held().remove(device) {
            lease.end();
            stop.cancel();
        }
    }

    async fn collect(self: Arc<Self>, device: DeviceId, epoch: u64, stop: CancellationToken) {
        let scans = self.outlet.device(self.site.clone(), device.clone(), epoch);
        let every = TimeDelta::seconds(SCAN_EVERY.as_secs() as i64);
        loop {
            let next = self.clock.now().plant + every;
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.clock.plant_reaches(next) => {}
            }
            let asked = self.clock.now().plant;
            let readings = self.machines.read(&device);
            tokio::time::sleep(self.chance.millis(1..20)).await;
            self.life.gate().await;
            scans.offer(asked, self.clock.now().plant, readings);
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<DeviceId, (Lease, CancellationToken)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, order: &WriteOrder, under: u64) -> WriteVerdict {
        // Once sent, the bytes are on their way whatever becomes of the program.
        tokio::time::sleep(self.chance.millis(1..900)).await;
        let taken = self.machines.write(self.node, order, Some(under));
        tokio::time::sleep(self.chance.millis(1..900)).await;
        self.life.gate().await;
        match taken {
            Taken::Refused => WriteVerdict::NotApplied { why: "the device refused it".into() },
            Taken::Unheard => WriteVerdict::Unknown { why: "no reply".into() },
            Taken::Yes => match self.machines.value(order) {
                Some(read_back) if (read_back - order.value).abs() <= order.tolerance => WriteVerdict::Applied { read_back },
                Some(other) => WriteVerdict::NotApplied { why: format!("it reads {other}") },
                None => WriteVerdict::Unknown { why: "it could not be read back".into() },
            },
        }
    }
}

#[async_trait]
impl WriteDevice for Field {
    fn held_under(&self, device: &DeviceId) -> Option<u64> {
        self.held().get(device).and_then(|(lease, _)| lease.held())
    }

    async fn write_once(&self, order: &WriteOrder, under: u64, send_by: Timestamp) -> Written {
        self.life.gate().await;
        let lease = self.held().get(&order.device).map(|(lease, _)| lease.clone()).filter(|lease| lease.held() == Some(under));
        let Some(lease) = lease else {
            return WriteVerdict::NotApplied { why: "the device is held by another node; nothing was sent".into() }.into();
        };
        let clocks = Clocks { clock: self.clock.clone(), since_boot: self.clock.clone() };
        let gate = Gate::new(clocks, lease, send_by);
        // Its turn on the connection comes soon, or after a poll that takes its time.
        let turn = if self.chance.per_mille(200) { self.chance.millis(500..3_000) } else { self.chance.millis(1..50) };
        tokio::time::sleep(turn).await;
        self.life.gate().await;
        match gate.check() {
            Ok(()) => self.send(order, under).await.into(),
            Err(why) => WriteVerdict::NotApplied { why }.into(),
        }
    }

    async fn read_back(&self, order: &WriteOrder) -> Result<f64, String> {
        self.life.gate().await;
        if self.mutant == Some(Mutant::SendsAgainAfterRestart) {
            let under = self.held_under(&order.device).unwrap_or(0);
            drop(self.send(order, under).await);
        }
        self.machines.value(order).ok_or_else(|| "there is no such signal".into())
    }
}
