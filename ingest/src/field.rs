//! A site's devices: taken under an epoch, polled and written while held, given back or lost. One place to ask how they stand.
//!
//! Nothing is polled before [`Field::take`]. A device has one connection for each unit and one way for writes, all under the epoch of
//! its assignment; what a former epoch began can neither write nor hand on scans out of order.

use crate::{
    collect::Tally,
    device::{Device, DeviceConfig},
    gate::{Clocks, KernelClock, SinceBoot},
    held::{Held, Manner, Work},
    news::{Item, News},
    outlet::{Outlet, Waiting},
    problem::{BadDevice, Problem},
    resumed::Resumed,
    snapshot::DeviceSnapshot,
    store::{StoreSettings, StoreSnapshot, drops::DropReport},
    supervise::Restarts,
};
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    action::WriteOrder,
    ids::{CommandId, DeviceId},
    plant::Plant,
    ports::{
        clock::Clock,
        event_log::EventLog,
        write_device::{WriteDevice, WriteVerdict, Written},
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use thiserror::Error;
use tokio::{sync::Mutex as TurnTaking, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How a field is run.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldSettings {
    /// Plant seconds per wall second; 1 but in a time-lapse.
    pub speed: f64,
    /// Scans that may wait in memory while the log is away.
    pub queue: usize,
    /// Where scans wait on disk then. Without it, what the memory cannot hold is dropped. What is in it goes to the log once [`Field::judged`].
    pub store: Option<StoreSettings>,
    /// For the jitter of reconnecting.
    pub seed: u64,
}

impl Default for FieldSettings {
    fn default() -> Self {
        Self { speed: 1.0, queue: 10_000, store: None, seed: 0 }
    }
}

/// Why a device is not polled under the epoch that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotTaken {
    #[error("device {0} is not configured here; add it to the plant file and start again")]
    Unknown(DeviceId),
    #[error("device {device} was taken under epoch {former} before, and {epoch} is not above it; ask for a new assignment")]
    NotAbove { device: DeviceId, epoch: u64, former: u64 },
    #[error("device {device} was lost again before epoch {epoch} had begun; ask for a new assignment")]
    LostMeanwhile { device: DeviceId, epoch: u64 },
    #[error("the collector is stopping")]
    Stopping,
}

/// The devices of one site. Absent ones are waited for and hold up nothing.
pub struct Field {
    pub(crate) plant: Plant,
    slots: Mutex<BTreeMap<DeviceId, Slot>>,
    pub(crate) manner: Manner,
    outlet: Outlet,
    resumed: Arc<Resumed>,
    stopping: CancellationToken,
    /// Taking and releasing have one order. What was lost ends in `leaving` meanwhile.
    pub(crate) turn: TurnTaking<Turn>,
    leaving: Mutex<JoinSet<()>>,
}

pub(crate) struct Turn {
    /// The one task that empties the outlet; gone once the field has stopped.
    emptying: JoinSet<()>,
    /// The task that looks what was missed between two assignments.
    looking_back: JoinSet<()>,
}

impl Turn {
    pub(crate) fn has_stopped(&self) -> bool {
        self.emptying.is_empty()
    }
}

/// A configured device, held or not.
pub(crate) struct Slot {
    pub device: Arc<Device>,
    /// The highest epoch it was ever taken under.
    pub highest: Option<u64>,
    /// Up to this epoch it was lost.
    pub lost: Option<u64>,
    pub held: Option<(Arc<Held>, Work)>,
    pub restarts: Restarts,
}

/// The devices as configured, if all of them can be true for this plant.
pub fn check(configs: &[DeviceConfig], plant: &Plant) -> Result<Vec<Device>, BadDevice> {
    let devices = configs.iter().map(|config| config.checked(plant)).collect::<Result<Vec<_>, _>>()?;
    check_apart(&devices)?;
    Ok(devices)
}

/// Whether none of them needs for itself what another one uses: two that ask on one serial line would hear each other's answers.
pub fn check_apart<'a>(devices: impl IntoIterator<Item = &'a Device>) -> Result<(), BadDevice> {
    let mut users: BTreeMap<String, DeviceId> = BTreeMap::new();
    for device in devices {
        let Some((key, name)) = device.alone_on() else { continue };
        if let Some(other) = users.insert(name.clone(), device.id.clone()) {
            let why = format!(
                "leads to {name}, as that of device {other} does; put all units of one bus into one device, and name each in its points' addresses, like 2!hr:0"
            );
            return Err(BadDevice { device: device.id.clone(), key: key.into(), problem: Problem::Protocol(why) });
        }
    }
    Ok(())
}

impl Field {
    /// Connects to nothing until devices are taken.
    pub fn start(plant: &Plant, devices: Vec<Device>, clock: Arc<dyn Clock>, log: Arc<dyn EventLog>, settings: FieldSettings) -> Self {
        Self::start_by(plant, devices, clock, Arc::new(KernelClock), log, settings)
    }
    /// The same, with a clock of one's own in the place of the kernel's.
    pub fn start_by(
        plant: &Plant,
        devices: Vec<Device>,
        clock: Arc<dyn Clock>,
        since_boot: Arc<dyn SinceBoot>,
        log: Arc<dyn EventLog>,
        settings: FieldSettings,
    ) -> Self {
        let (outlet, emptying) = Outlet::new(log.clone(), settings.queue, settings.store, clock.clone());
        let (resumed, news, stopping) = (Arc::<Resumed>::default(), Arc::<News>::default(), CancellationToken::new());
        let looking_back = resumed.clone().run(plant.site.clone(), log, news.clone(), stopping.clone());
        let turn = Turn { emptying: [emptying].into_iter().collect(), looking_back: [looking_back].into_iter().collect() };
        let slot = |device: Device| {
            let restarts = Restarts::of(&device.id, settings.seed);
            (device.id.clone(), Slot { device: Arc::new(device), highest: None, lost: None, held: None, restarts })
        };
        let clocks = Clocks { clock, since_boot };
        Self {
            plant: plant.clone(),
            slots: Mutex::new(devices.into_iter().map(slot).collect()),
            manner: Manner { clocks, speed: settings.speed, seed: settings.seed, news, ended: Arc::default() },
            outlet,
            resumed,
            stopping,
            turn: TurnTaking::new(turn),
            leaving: Mutex::default(),
        }
    }

    /// Begins to poll under this epoch, which must be above every earlier one. If it is held already, it begins anew.
    pub async fn take(&self, device: &DeviceId, epoch: u64) -> Result<(), NotTaken> {
        let turn = self.turn.lock().await;
        if turn.has_stopped() {
            return Err(NotTaken::Stopping);
        }
        let (former, is_first) = {
            let mut slots = self.slots();
            let slot = slots.get_mut(device).ok_or_else(|| NotTaken::Unknown(device.clone()))?;
            let is_first = slot.highest.is_none();
            (slot.admit(epoch)?, is_first)
        };
        if let Some((held, work)) = former {
            self.end(held, work).await;
        }
        let mut slots = self.slots();
        let slot = slots.get_mut(device).ok_or_else(|| NotTaken::Unknown(device.clone()))?;
        if slot.lost >= Some(epoch) {
            return Err(NotTaken::LostMeanwhile { device: device.clone(), epoch });
        }
        let outlet = Arc::new(self.outlet.device(self.plant.site.clone(), device.clone(), epoch));
        let tally = Arc::new(Mutex::new(Tally::new(self.manner.speed)));
        self.resumed.taken(device.clone(), &outlet, if is_first { "no collector was running" } else { "it was given back and taken again" });
        slot.held = Some(Held::start(slot.device.clone(), outlet, tally, &self.manner));
        Ok(())
    }

    /// Gives a device back: no further poll or write begins, a write on its way ends, the connections are closed, and its scans are on
    /// the log or in the store. A log that is away holds this up for some seconds at most.
    pub async fn release(&self, device: &DeviceId) {
        let _turn = self.turn.lock().await;
        let held = self.slots().get_mut(device).and_then(|slot| slot.held.take());
        if let Some((held, work)) = held {
            self.end(held, work).await;
            self.outlet.hand_on().await;
        }
    }

    /// Others have it already: its connections are cut, and what it measured and is not yet on its way is discarded.
    pub fn lose(&self, device: &DeviceId) {
        let mut slots = self.slots();
        let Some(slot) = slots.get_mut(device) else { return };
        slot.lost = slot.highest;
        slot.restarts.forget();
        if let Some(epoch) = slot.lost {
            self.outlet.discard(device, epoch);
        }
        if let Some((held, work)) = slot.held.take() {
            held.lease.end();
            held.close(&self.manner.news);
            work.break_off();
            self.leaving.lock().unwrap_or_else(PoisonError::into_inner).spawn(work.wind_down());
        }
    }

    /// Another collector holds the device since this epoch, whether or not it is held here: what was measured under an earlier one and is
    /// not yet on its way is discarded, and reported. Says whether the device was held here until now.
    pub fn gone_to_another(&self, device: &DeviceId, epoch: u64) -> bool {
        let is_held = self.held_under(device).is_some_and(|held| held < epoch);
        if is_held {
            self.lose(device);
        }
        if let Some(former) = epoch.checked_sub(1).filter(|_| self.slots().contains_key(device)) {
            self.outlet.discard(device, former);
        }
        is_held
    }
    /// Every assignment up to now was looked at: what waits in the store, of an earlier run perhaps, and was not discarded may go to the log.
    pub fn judged(&self) {
        self.outlet.judged();
    }

    /// Every configured device, held or not.
    pub fn devices(&self) -> Vec<DeviceId> {
        self.slots().keys().cloned().collect()
    }
    /// How the held ones stand.
    pub fn snapshots(&self) -> Vec<DeviceSnapshot> {
        let snapshot = |slot: &Slot| {
            let held = &slot.held.as_ref()?.0;
            Some(held.snapshot(slot.restarts.count(), self.manner.news.gaps(&slot.device.id)))
        };
        self.slots().values().filter_map(snapshot).collect()
    }
    /// How the scans stand that wait for the log.
    pub fn waiting(&self) -> Waiting {
        self.outlet.how_they_wait()
    }
    /// Waits until there is something that the ledger is to be told: each is to be asked for, under its id. The same is given again until
    /// it is [told](Self::told).
    pub async fn news(&self) -> Vec<Item> {
        self.manner.news.items().await
    }
    /// That command was answered.
    pub fn told(&self, id: &CommandId) {
        self.manner.news.told(id);
    }
    /// Scans that are durable on the log.
    pub fn delivered(&self) -> u64 {
        self.outlet.delivered()
    }
    /// Scans that were not sent because their device had been lost.
    pub fn discarded(&self) -> u64 {
        self.outlet.discarded()
    }

    /// How the store stands that bridges the log's absence, if there is one.
    pub fn store(&self) -> Option<StoreSnapshot> {
        self.outlet.store()
    }
    /// Waits until something was dropped that is not on record yet: `ReportReadingsDropped` is to be asked for each, under its command id.
    /// The same is given again until it is [reported](Self::drop_reported).
    pub async fn drop_reports(&self) -> Vec<DropReport> {
        self.outlet.drop_reports().await
    }
    /// That command was answered.
    pub fn drop_reported(&self, command: &CommandId) {
        self.outlet.drop_reported(command);
    }

    /// Gives every device back, delivers what waits for the log, and returns once every task has ended.
    pub async fn stop(&self) {
        let mut turn = self.turn.lock().await;
        let held: Vec<_> = self.slots().values_mut().filter_map(|slot| slot.held.take()).collect();
        let mut ending: JoinSet<()> = held.into_iter().map(|(held, work)| self.end(held, work)).collect();
        while ending.join_next().await.is_some() {}
        let mut leaving = std::mem::take(&mut *self.leaving.lock().unwrap_or_else(PoisonError::into_inner));
        while leaving.join_next().await.is_some() {}
        self.outlet.close();
        self.stopping.cancel();
        while turn.looking_back.join_next().await.is_some() {}
        if let Some(Err(error)) = turn.emptying.join_next().await {
            tracing::error!(error = &error as &dyn std::error::Error, "handing on the last scans ended badly: {error}");
        }
    }

    /// No write begins any more; then the tasks run out.
    fn end(&self, held: Arc<Held>, work: Work) -> impl Future<Output = ()> + Send + 'static {
        held.lease.end();
        held.close(&self.manner.news);
        drop(held);
        work.wind_down()
    }
    pub(crate) fn slots(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn held(&self, order: &WriteOrder) -> Result<Arc<Held>, String> {
        let slots = self.slots();
        let slot = slots.get(&order.device).ok_or_else(|| format!("device {} is not configured here", order.device))?;
        let held = slot.held.as_ref().ok_or_else(|| format!("device {} is not held by this collector now", order.device))?;
        Ok(held.0.clone())
    }
}

impl Slot {
    /// Notes the epoch if it is above every earlier one, and hands out what was held until now.
    fn admit(&mut self, epoch: u64) -> Result<Option<(Arc<Held>, Work)>, NotTaken> {
        if let Some(former) = self.highest.filter(|former| epoch <= *former) {
            return Err(NotTaken::NotAbove { device: self.device.id.clone(), epoch, former });
        }
        self.highest = Some(epoch);
        self.restarts.forget();
        Ok(self.held.take())
    }
}

#[async_trait]
impl WriteDevice for Field {
    fn held_under(&self, device: &DeviceId) -> Option<u64> {
        self.slots().get(device)?.held.as_ref()?.0.lease.held()
    }
    async fn write_once(&self, order: &WriteOrder, under: u64, send_by: Timestamp) -> Written {
        match self.held(order) {
            Ok(held) if held.lease.held() == Some(under) => held.write_once(order, send_by).await,
            Ok(held) => {
                let why = format!(
                    "device {} is held under epoch {}, the write was decided under {under}; propose it again",
                    order.device,
                    held.lease.epoch()
                );
                WriteVerdict::NotApplied { why }.into()
            }
            Err(why) => WriteVerdict::NotApplied { why }.into(),
        }
    }
    async fn read_back(&self, order: &WriteOrder) -> Result<f64, String> {
        self.held(order)?.read_back(order).await
    }
}
