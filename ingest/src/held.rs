//! One device while it is ours: its connections and pollers, under one epoch, and the two ways in which that ends.

use crate::{
    collect::{
        Tally,
        checkup::{EVERY, Verdict},
        gather::Gatherer,
        link::{Line, Link},
        poll::Poller,
        sieve::Sieves,
        write::Target,
    },
    device::Device,
    gate::{Clocks, Gate, Lease},
    news::News,
    outlet::DeviceOutlet,
    point::Point,
    snapshot::{DeviceSnapshot, UnitSnapshot},
};
use millwright_domain::{
    Timestamp,
    action::WriteOrder,
    ports::write_device::{WriteVerdict, Written},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
};
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
    ended: Arc<Notify>,
}

/// How a field runs each of its devices.
#[derive(Clone)]
pub(crate) struct Manner {
    pub clocks: Clocks,
    /// Plant seconds per wall second.
    pub speed: f64,
    pub seed: u64,
    pub news: Arc<News>,
    /// Told whenever a task of a device ends, whatever the reason.
    pub ended: Arc<Notify>,
}

impl Held {
    pub(crate) fn start(device: Arc<Device>, outlet: Arc<DeviceOutlet>, tally: Arc<Mutex<Tally>>, manner: &Manner) -> (Arc<Self>, Work) {
        let mut work = Work {
            pollers: JoinSet::new(),
            keepers: JoinSet::new(),
            stop_polling: CancellationToken::new(),
            lost: CancellationToken::new(),
            ended: manner.ended.clone(),
        };
        let lease = Lease::under(outlet.epoch());
        let (clock, speed, news) = (manner.clocks.clock.clone(), manner.speed, manner.news.clone());
        let (hears, heard) = mpsc::channel(HEARD);
        let hears = device.is_told().then_some(&hears);
        let mut links = BTreeMap::new();
        for line in Line::all_of(&device, manner.seed, hears) {
            work.keep(Line::keep(line.keeper, line.questions, work.lost.clone()));
            links.extend(line.links);
        }
        let begun = clock.now().plant;
        for unit in links.keys() {
            tally.lock().unwrap_or_else(PoisonError::into_inner).begin(*unit, begun, device.period_of(*unit));
        }
        if device.is_told() {
            let (device, outlet, tally, links) = (device.clone(), outlet.clone(), tally.clone(), links.clone());
            let sieves = Sieves::of(&device.points);
            let gatherer = Gatherer { device, heard, outlet, clock, speed, tally, news, sieves, links };
            work.poll(gatherer.run(work.stop_polling.clone()));
        } else {
            for (unit, link) in &links {
                let (device, link, outlet, tally, clock) = (device.clone(), link.clone(), outlet.clone(), tally.clone(), clock.clone());
                let poller = Poller { device, unit: *unit, link, outlet, clock, speed, tally, news: news.clone() };
                work.poll(poller.run(work.stop_polling.clone()));
            }
        }
        let held = Self { device, lease, clocks: manner.clocks.clone(), links, outlet, tally };
        (Arc::new(held), work)
    }

    /// What goes on if the device's work is begun anew under the same epoch.
    pub(crate) fn kept(&self) -> (Arc<DeviceOutlet>, Arc<Mutex<Tally>>) {
        (self.outlet.clone(), self.tally.clone())
    }

    /// How each unit has done since it was checked last. `ended` says that nobody asks them any more, and why.
    pub(crate) fn check(&self, ended: Option<&str>) -> Vec<(u16, Verdict)> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let judge = |(unit, link): (&u16, &Link)| {
            let is_due = self.device.period_of(*unit).is_some_and(|period| period * 2 <= EVERY);
            Some((*unit, tally.units.get_mut(unit)?.checkup.judge(&link.health(), is_due, ended)))
        };
        self.links.iter().filter_map(judge).collect()
    }

    /// The last good value of a point.
    pub(crate) fn last_good(&self, point: &Point) -> Option<f64> {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.units.get(&point.unit)?.last.get(&point.signal).copied()
    }

    /// Collecting under this epoch is over: the gaps that are known by now.
    pub(crate) fn close(&self, news: &News) {
        let at = self.clocks.clock.now().plant;
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let noticed = tally.units.iter_mut().flat_map(|(unit, of_unit)| of_unit.silence.over(at).into_iter().map(|noticed| (*unit, noticed)));
        noticed.for_each(|(unit, noticed)| news.noticed(&self.device.id, self.lease.epoch(), unit, noticed));
    }

    pub(crate) async fn write_once(&self, order: &WriteOrder, send_by: Timestamp) -> Written {
        let gate = Gate::new(self.clocks.clone(), self.lease.clone(), send_by);
        let target = match self.target(order) {
            Ok(target) => target,
            Err(why) => return WriteVerdict::NotApplied { why }.into(),
        };
        if !target.point.writable {
            return WriteVerdict::NotApplied { why: format!("{} is not writable in the plant's description", order.signal) }.into();
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

    pub(crate) fn snapshot(&self, restarts: u64, gaps: u64) -> DeviceSnapshot {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let of_unit = |(unit, link): (&u16, &Link)| {
            let health = link.health();
            let of_tally = tally.units.get(unit);
            UnitSnapshot {
                silent_since: of_tally.and_then(|unit| unit.silence.since()),
                failed_checks: of_tally.map_or(0, |unit| unit.checkup.failures()),
                unit: *unit,
                state: health.state.as_str(),
                last_error: health.last_error,
                connects: health.connects,
                requests: health.requests,
            }
        };
        DeviceSnapshot {
            device: self.device.id.clone(),
            epoch: self.lease.epoch(),
            address: self.device.address.clone(),
            units: self.links.iter().map(of_unit).collect(),
            punctuality: tally.lateness.now(),
            saved: tally.saved,
            left_out: tally.left_out,
            restarts,
            gaps,
            scans: self.outlet.offered(),
            dropped: self.outlet.dropped(),
            clock_jumps_back: tally.stamps.jumps_back(),
        }
    }
}

impl Work {
    fn poll(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.pollers.spawn(telling(self.ended.clone(), task));
    }
    fn keep(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.keepers.spawn(telling(self.ended.clone(), task));
    }
    /// Why a task has ended by itself, if one has. As long as the device is held, none should.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let ended = self.pollers.try_join_next().or_else(|| self.keepers.try_join_next())?;
        Some(ended.err().map_or_else(|| "a task ended by itself".into(), |error| error.to_string()))
    }
    /// Ends polling, then waits until nobody uses the connections any more. The lease has ended and the field has let its `Held` go,
    /// so what is waited for is at most the question or the write that is on its way.
    pub(crate) async fn wind_down(mut self) {
        self.stop_polling.cancel();
        join(&mut self.pollers).await;
        join(&mut self.keepers).await;
    }
    /// Breaks off, and says whether all of it has ended within that time.
    pub(crate) async fn ends_within(&mut self, limit: Duration) -> bool {
        self.break_off();
        let ending = async {
            join(&mut self.pollers).await;
            join(&mut self.keepers).await;
        };
        tokio::time::timeout(limit, ending).await.is_ok()
    }
    /// Drops every connection, whatever is on its way over it.
    pub(crate) fn break_off(&self) {
        self.stop_polling.cancel();
        self.lost.cancel();
    }
}

/// Tells that the task has ended, be it by a panic.
async fn telling(ended: Arc<Notify>, task: impl Future<Output = ()>) {
    struct Tells(Arc<Notify>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let _tells = Tells(ended);
    task.await;
}

async fn join(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = &error as &dyn std::error::Error, "a task of the field ended badly: {error}");
        }
    }
}
