//! A program's workers, the shipped ones: what always runs, and what runs while this program decides. Failed ones are started again.

use crate::{disk::Disk, field::Field, life::NodeClock, mutant::Mutant, post::Post};
use chrono::TimeDelta;
use millwright_agents::{
    diagnosis::RuleBook,
    executor::Executor,
    feedback::Feedback,
    monitor::MonitorSettings,
    outbox::Outbox,
    proposer::Proposer,
    site_tail::SiteTail,
    timekeeper::Timekeeper,
    watch::{Watch, WatchSettings},
};
use millwright_commands::{AdoptPolicy, Ask, Command, Commands, DescribePlant, SetBudget};
use millwright_domain::{
    Event,
    action::Order,
    budget::{BudgetSet, SITE, scope_of_agent},
    ids::{ActorId, CommandId, SiteId},
    plant::Plant,
    policy::Policy,
    ports::{clock::Clock, event_log::EventLog, write_device::WriteDevice},
    position::PartitionId,
};
use std::sync::Arc;
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// So little that agents that work side by side come near it.
pub const LIMITS: BudgetSet = BudgetSet::of(40_000, 60_000).keeping(10);
/// One of the agents has a budget of its own; the others only count.
const SPENDERS_LIMITS: BudgetSet = BudgetSet::of(9_000, 25_000);

fn spender() -> ActorId {
    "svc-writer".parse().expect("a literal that is a name")
}

pub struct Work {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<NodeClock>,
    pub site: SiteId,
    pub rules: RuleBook,
    pub post: Arc<Post>,
    pub devices: Arc<Field>,
    pub taken: Arc<Notify>,
    pub disk: Disk,
    pub mutant: Option<Mutant>,
}

/// What runs while this program decides.
pub struct Deciding {
    stop: CancellationToken,
    workers: Vec<JoinHandle<()>>,
}

impl Deciding {
    /// What was begun is finished first.
    pub async fn stop(self) {
        self.stop.cancel();
        for worker in self.workers {
            worker.await.ok();
        }
    }
}

macro_rules! supervised {
    ($work:expr, $stop:expr, $make:expr) => {{
        let (stop, clock, make) = ($stop.clone(), $work.clock.clone(), $make);
        tokio::spawn(async move {
            while !stop.is_cancelled() && make().run(stop.clone()).await.is_err() {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    () = clock.wall_reaches(clock.now().wall + TimeDelta::seconds(1)) => {}
                }
            }
        })
    }};
}

impl Work {
    /// Watches the readings, and does what is to be done on the devices held here, until the program ends.
    pub fn watch(self: &Arc<Self>) {
        let never = CancellationToken::new();
        let work = self.clone();
        supervised!(self, never, move || work.monitor());
        if self.mutant == Some(Mutant::NobodyFinishes) {
            return;
        }
        let work = self.clone();
        supervised!(self, never, move || work.executor());
        if self.mutant == Some(Mutant::ActsUnasked) {
            tokio::spawn(self.clone().act_unasked());
        }
    }

    pub fn decide(self: &Arc<Self>) -> Deciding {
        let stop = CancellationToken::new();
        let (proposing, keeping, delivering, learning) = (self.clone(), self.clone(), self.clone(), self.clone());
        let workers = vec![
            supervised!(self, stop, move || proposing.proposer()),
            supervised!(self, stop, move || keeping.timekeeper()),
            supervised!(self, stop, move || delivering.outbox()),
            supervised!(self, stop, move || learning.feedback()),
        ];
        Deciding { stop, workers }
    }

    /// Says what the configuration says; `None` if there was no answer.
    pub async fn describe(&self, plant: &Plant, policy: &Policy, id: impl Fn() -> CommandId) -> Option<()> {
        let commands: [Command; 4] = [
            DescribePlant { plant: plant.clone() }.into(),
            AdoptPolicy { policy: policy.clone() }.into(),
            SetBudget { scope: SITE.into(), limits: LIMITS }.into(),
            SetBudget { scope: scope_of_agent(&spender()), limits: SPENDERS_LIMITS }.into(),
        ];
        for command in commands {
            let ask = Ask::new("svc-settings".parse().expect("a name"), command).with_id(id());
            self.commands.ask(&self.partition(), ask).await.ok()?;
        }
        Some(())
    }

    fn partition(&self) -> PartitionId {
        PartitionId::site(&self.site)
    }
    fn monitor(&self) -> Watch {
        // A plant learns for two days; here a fault shows after some minutes: the same code on a shorter day.
        let monitor = MonitorSettings { learning_s: 300, ..MonitorSettings::default() };
        Watch {
            log: self.log.clone(),
            commands: self.commands.clone(),
            clock: self.clock.clone(),
            site: self.site.clone(),
            rules: self.rules.clone(),
            settings: WatchSettings { monitor, snapshot_every_s: 90, ..WatchSettings::default() },
            snapshot: self.disk.file("monitor.json"),
        }
    }
    fn proposer(&self) -> Proposer {
        Proposer {
            log: self.log.clone(),
            commands: self.commands.clone(),
            clock: self.clock.clone(),
            partition: self.partition(),
            checkpoint: self.disk.file("proposer.json"),
        }
    }
    fn feedback(&self) -> Feedback {
        Feedback {
            log: self.log.clone(),
            commands: self.commands.clone(),
            clock: self.clock.clone(),
            partition: self.partition(),
            checkpoint: self.disk.file("feedback.json"),
        }
    }
    fn executor(&self) -> Executor {
        Executor {
            log: self.log.clone(),
            commands: self.commands.clone(),
            clock: self.clock.clone(),
            partition: self.partition(),
            devices: self.devices.clone(),
            taken: self.taken.clone(),
        }
    }
    fn timekeeper(&self) -> Timekeeper {
        Timekeeper { log: self.log.clone(), commands: self.commands.clone(), clock: self.clock.clone(), partition: self.partition() }
    }
    fn outbox(&self) -> Outbox {
        Outbox {
            log: self.log.clone(),
            commands: self.commands.clone(),
            clock: self.clock.clone(),
            partition: self.partition(),
            messenger: self.post.clone(),
            tally: Arc::default(),
        }
    }

    /// The planted executor that does not wait for a yes.
    async fn act_unasked(self: Arc<Self>) {
        let Ok(mut tail) = SiteTail::at_the_end(self.log.clone(), self.partition()).await else { return };
        while let Ok(facts) = tail.next().await {
            for fact in facts {
                let Event::ActionProposed(proposed) = &fact.event else { continue };
                let Order::Write(order) = &proposed.proposal.order else { continue };
                if let Some(epoch) = self.devices.held_under(&order.device) {
                    drop(self.devices.write_once(order, epoch, self.clock.now().wall + TimeDelta::seconds(2)).await);
                }
            }
        }
    }
}
