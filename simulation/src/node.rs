//! One program: the shipped dispatcher and workers, wired as `src/app` wires them, on simulated ground. Dies and starts again; its disk stays.

use crate::{
    chance::Chance,
    cluster::{Coordinator, Membership, PLATFORM, SITE},
    disk::Disk,
    field::{Field, Wiring},
    life::{Life, NodeClock, TrueTime},
    log::{Link, Store, Weather, altered::Altered},
    mutant::Mutant,
    plant::{Machines, described, device},
    post::{Post, PostOffice},
    trace::Trace,
    work::{Deciding, Work},
};
use chrono::TimeDelta;
use millwright_agents::diagnosis::RuleBook;
use millwright_commands::{Ask, AssignDevice, Commands, Surroundings};
use millwright_domain::{
    Event,
    envelope::Answer,
    ids::{CommandId, DeviceId, derived},
    plant::Plant,
    policy::Policy,
    ports::{
        clock::Clock,
        cluster::{Cluster, Share, Turn},
        event_log::EventLog,
    },
    position::{Lane, PartitionId, Position},
    reading::LastScan,
};
use millwright_projections::live::Live;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

const PAUSE: TimeDelta = TimeDelta::seconds(1);

/// What every program of the plant shares: the outside.
#[derive(Clone)]
pub struct Outside {
    pub store: Store,
    pub weather: Arc<Weather>,
    pub coordinator: Coordinator,
    pub machines: Arc<Machines>,
    pub office: Arc<PostOffice>,
    pub chance: Chance,
    pub trace: Trace,
    pub time: TrueTime,
    pub rules: RuleBook,
    pub policy: Policy,
    pub mutant: Option<Mutant>,
}

/// A running program. Clones are the same one.
#[derive(Clone)]
pub struct Node {
    pub name: &'static str,
    /// How often it was started before.
    pub start: u32,
    pub life: Arc<Life>,
    pub cut: Arc<AtomicBool>,
    pub commands: Commands,
    pub clock: Arc<NodeClock>,
    pub outside: Outside,
    pub plant: Arc<Plant>,
    field: Arc<Field>,
    membership: Arc<Membership>,
    work: Arc<Work>,
    asked: Arc<AtomicU32>,
    deciding: Arc<Mutex<Option<Deciding>>>,
    duties: Arc<Mutex<BTreeMap<Share, CancellationToken>>>,
}

impl Node {
    /// Starts the program on its disk; it takes part once it was heard of.
    pub fn boot(name: &'static str, start: u32, disk: &Disk, skew: TimeDelta, outside: Outside) -> Self {
        let life = Arc::new(Life::default());
        let clock = Arc::new(NodeClock { time: outside.time, skew, life: life.clone() });
        let cut = Arc::new(AtomicBool::new(false));
        let Outside { store, weather, chance, trace, time, .. } = outside.clone();
        let link = Link { node: name, store, life: life.clone(), weather, cut: cut.clone(), chance, trace, time };
        let log = seen_through(Arc::new(link.clone()), outside.mutant);
        let live = Arc::new(Live::default());
        let membership = Arc::new(Membership { coordinator: outside.coordinator.clone(), member: (name, start), link: link.clone() });
        let surroundings = Surroundings {
            log,
            answers: Arc::new(disk.answers(outside.chance.clone())),
            clock: clock.clone(),
            live: live.clone(),
            cluster: Some(membership.clone()),
            owner: format!("{name} start {start}"),
        };
        let commands = Commands::new(surroundings);
        let plant = Arc::new(described());
        let wiring = Wiring {
            node: name,
            machines: outside.machines.clone(),
            life: life.clone(),
            clock: clock.clone(),
            chance: outside.chance.clone(),
            site: plant.site.clone(),
            mutant: outside.mutant,
        };
        let field = Arc::new(Field::new(wiring, Arc::new(link.clone())));
        let work = Arc::new(Work {
            log: Arc::new(link.clone()),
            commands: commands.clone(),
            clock: clock.clone(),
            site: plant.site.clone(),
            rules: outside.rules.clone(),
            post: Arc::new(Post { office: outside.office.clone(), life: life.clone() }),
            devices: field.clone(),
            taken: Arc::default(),
            disk: disk.clone(),
            mutant: outside.mutant,
        });
        tokio::spawn(keep_live(Arc::new(link), live, clock.clone()));
        let node = Self {
            name,
            start,
            life,
            cut,
            commands,
            clock,
            outside,
            plant,
            field,
            membership,
            work,
            asked: Arc::default(),
            deciding: Arc::default(),
            duties: Arc::default(),
        };
        node.begin();
        node
    }

    fn begin(&self) {
        let membership = self.membership.clone();
        tokio::spawn(async move { membership.beat().await });
        self.commands.follow(self.site());
        self.commands.follow(PartitionId::platform());
        self.work.watch();
        let node = self.clone();
        tokio::spawn(async move { node.follow_turns().await });
    }

    pub fn site(&self) -> PartitionId {
        PartitionId::site(&self.plant.site)
    }

    async fn follow_turns(self) {
        while let Ok(turn) = self.membership.turn().await {
            match turn {
                Turn::Asked(command) => self.commands.take_forwarded(command).await,
                Turn::Taken(shares) => shares.into_iter().for_each(|share| self.take(share)),
                Turn::Released { shares, until_done } => {
                    for share in shares {
                        self.end(share, true).await;
                    }
                    drop(until_done);
                }
                Turn::Lost(shares) => {
                    for share in shares.into_iter().rev() {
                        self.end(share, false).await;
                    }
                }
            }
        }
    }

    fn take(&self, share: Share) {
        let stop = CancellationToken::new();
        self.duties.lock().unwrap_or_else(PoisonError::into_inner).insert(share, stop.clone());
        let node = self.clone();
        tokio::spawn(async move {
            match share {
                Share::Deciding(_) => node.decide(share, &stop).await,
                Share::Collecting(number) => node.collect(&device(number as usize), &stop).await,
            }
        });
    }

    async fn end(&self, share: Share, in_order: bool) {
        let Some(stop) = self.duties.lock().unwrap_or_else(PoisonError::into_inner).remove(&share) else { return };
        stop.cancel();
        let partition = if share == SITE { self.site() } else { PartitionId::platform() };
        match share {
            Share::Collecting(number) => self.field.release(&device(number as usize)),
            Share::Deciding(_) => {
                if share == SITE {
                    let deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(deciding) = deciding {
                        deciding.stop().await;
                    }
                }
                if in_order {
                    self.commands.release(&partition).await;
                } else {
                    self.commands.lose(&partition).await;
                }
                self.commands.follow(partition);
            }
        }
    }

    async fn decide(&self, share: Share, stop: &CancellationToken) {
        let partition = if share == PLATFORM { PartitionId::platform() } else { self.site() };
        while !stop.is_cancelled() {
            if self.commands.serve(partition.clone()).await.is_ok() {
                if stop.is_cancelled() || share == PLATFORM {
                    return;
                }
                if self.work.describe(&self.plant, &self.outside.policy, || self.next_id("describe")).await.is_some() {
                    *self.deciding.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.work.decide());
                    return;
                }
            }
            self.pause(stop).await;
        }
    }

    async fn collect(&self, device: &DeviceId, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let command = AssignDevice { device: device.clone(), collector: self.name.parse().expect("a name") };
            let ask = Ask::new("svc-collector".parse().expect("a name"), command).with_id(self.next_id("assign"));
            let answered = self.commands.ask(&self.site(), ask).await;
            let epoch = answered.ok().and_then(|answered| match answered.answer {
                Answer::Done { subject, .. } => subject?.parse().ok(),
                Answer::AlreadySo | Answer::Refused { .. } => None,
            });
            if stop.is_cancelled() {
                return;
            }
            if let Some(epoch) = epoch {
                self.field.take(device, epoch);
                self.work.taken.notify_one();
                return;
            }
            self.pause(stop).await;
        }
    }

    async fn pause(&self, stop: &CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.clock.wall_reaches(self.clock.now().wall + PAUSE) => {}
        }
    }

    /// An id that no other request has: a real program draws it.
    fn next_id(&self, what: &str) -> CommandId {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        CommandId(derived(&format!("{}/{}/{what}", self.name, self.start), "asked", number))
    }
}

/// The dispatcher's way to the log, if a planted bug does not stand in between.
fn seen_through(log: Arc<dyn EventLog>, mutant: Option<Mutant>) -> Arc<dyn EventLog> {
    if mutant == Some(Mutant::ForgetsReservations) {
        return Arc::new(Altered { log, blind_to: Arc::new(|event| matches!(event, Event::TokensReserved(_))) });
    }
    log
}

/// Feeds the live values from the readings, as the projections do.
async fn keep_live(log: Arc<dyn EventLog>, live: Arc<Live>, clock: Arc<NodeClock>) {
    let mut position = Position::default();
    let mut last: BTreeMap<DeviceId, LastScan> = BTreeMap::new();
    loop {
        if let Ok(head) = log.past(&position).await {
            for (partition, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
                let from = position.next(partition);
                if from < end
                    && let Ok(page) = log.read_readings(partition, from, 512).await
                {
                    let next = page.next();
                    let scans: Vec<_> =
                        page.into_items().map(|(_, scan)| scan).filter(|scan| last.entry(scan.device.clone()).or_default().admits(scan)).collect();
                    live.observe_all(&scans);
                    position.advance(partition, next);
                }
            }
            for (partition, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger) {
                position.advance(partition, end);
            }
        }
        clock.wall_reaches(clock.now().wall + TimeDelta::milliseconds(100)).await;
    }
}
