//! One site at work on this node: what runs always, what runs while this node decides for the site, and the devices it collects from.

use super::{finished, workers::Workshop};
use anyhow::{Context, Result, bail};
use chrono::TimeDelta;
use millwright_commands::{AdoptPolicy, AdoptRoster, Ask, AssignDevice, Command, DescribePlant, NotAnswered, SetBudget};
use millwright_domain::{
    budget::BudgetSet,
    envelope::Answer,
    ids::{ActorId, DeviceId, NodeId},
    plant::Plant,
    policy::Policy,
    ports::messenger::Messenger,
    position::PartitionId,
    roster::Roster,
};
use millwright_ingest::field::Field;
use std::sync::Arc;
use thiserror::Error;
use tokio::{
    sync::{Mutex, Notify},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// Between two tries to get a device assigned.
const PAUSE: TimeDelta = TimeDelta::seconds(1);

/// What its configuration says of a site.
pub struct Described {
    pub plant: Plant,
    pub policy: Policy,
    pub roster: Roster,
    pub limits: BudgetSet,
}

pub struct SiteAtWork {
    pub field: Arc<Field>,
    workshop: Workshop,
    described: Described,
    node: NodeId,
    messenger: Option<Arc<dyn Messenger>>,
    taken: Arc<Notify>,
    watching: Mutex<Vec<JoinHandle<()>>>,
    stop_watching: CancellationToken,
    deciding: Mutex<Option<Deciding>>,
}

/// Why a site is not described as it is configured.
#[derive(Debug, Error)]
pub enum NotDescribed {
    #[error("the site could not be described")]
    Away(#[source] NotAnswered),
    #[error("the configuration was refused by {command}: {reason}")]
    Refused { command: &'static str, reason: String },
}

/// What runs while this node decides.
struct Deciding {
    stop: CancellationToken,
    workers: Vec<JoinHandle<()>>,
}

impl SiteAtWork {
    pub fn new(workshop: Workshop, described: Described, node: NodeId, field: Arc<Field>, messenger: Option<Arc<dyn Messenger>>) -> Self {
        Self {
            field,
            workshop,
            described,
            node,
            messenger,
            taken: Arc::default(),
            watching: Mutex::default(),
            stop_watching: CancellationToken::new(),
            deciding: Mutex::default(),
        }
    }

    pub fn partition(&self) -> PartitionId {
        self.workshop.partition()
    }
    pub fn plant(&self) -> &Plant {
        &self.described.plant
    }

    /// Watches the readings, waits for what is to be done on the devices held here, and lets go of those that become another's.
    pub async fn watch(&self) {
        let (shop, stop) = (&self.workshop, &self.stop_watching);
        let executor = shop.executor(self.field.clone(), self.taken.clone(), stop);
        let leases = shop.leases(self.node.clone(), self.field.clone(), stop);
        let drops = shop.drop_reporter(self.field.clone(), stop);
        let news = shop.news_reporter(self.field.clone(), stop);
        let supervisor = shop.supervisor(self.field.clone(), stop);
        *self.watching.lock().await = vec![shop.monitor(stop), executor, leases, drops, news, supervisor];
    }

    /// Takes the site's partition over.
    pub async fn take_over(&self) -> Result<()> {
        let site = self.partition();
        self.workshop.commands.serve(site.clone()).await.map(drop).with_context(|| format!("could not take over {site}"))
    }

    /// Says what the configuration says where the log does not know it yet, and starts the site's workers. A configuration that is refused
    /// changes nothing: the site goes on as it was described last.
    pub async fn decide(&self) -> Result<(), NotDescribed> {
        let described = self.describe().await;
        if let Err(NotDescribed::Away(_)) = described {
            return described;
        }
        let stop = CancellationToken::new();
        let shop = &self.workshop;
        let mut workers =
            vec![shop.proposer(&stop), shop.feedback(&stop), shop.remember(&stop), shop.timekeeper(&stop), shop.sealer(&stop), shop.tester(&stop)];
        workers.extend([shop.message_desk(&stop), shop.ticket_desk(&stop), shop.replies(&stop), shop.health_watch(&stop)]);
        workers.extend([shop.checkpoints(&stop), shop.conductor(&stop), shop.office(&stop), shop.shredder(&stop)]);
        workers.extend(self.messenger.clone().map(|messenger| self.workshop.outbox(messenger, &stop)));
        workers.extend(self.workshop.publishes.then(|| self.workshop.publisher(&stop)));
        workers.extend(shop.tracer(&stop));
        workers.extend(shop.inspector(&stop));
        workers.extend(shop.boards(&stop));
        *self.deciding.lock().await = Some(Deciding { stop, workers });
        described
    }

    /// Shows that the configuration of this site is not in force.
    pub fn configuration_refused(&self, reason: &str) {
        tracing::error!(site = %self.partition(), reason, "the configuration was refused; the site goes on as it was described last");
        self.workshop.board.failed(&format!("configuration{}", self.workshop.suffix), reason);
    }

    /// Ends what runs while this node decides; what was begun is finished first. Whoever has lost the site signs no more for it.
    pub async fn stop_deciding(&self, in_order: bool) {
        let Some(Deciding { stop, workers }) = self.deciding.lock().await.take() else { return };
        stop.cancel();
        for worker in workers {
            finished("worker", worker).await;
        }
        if in_order {
            self.workshop.checkpointer.last().await;
        }
    }

    /// Has the device assigned to this node and collects from it. Tries until it is, or until told to stop.
    pub async fn collect(&self, device: &DeviceId, stop: &CancellationToken) {
        loop {
            let assigned = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                assigned = self.assign(device) => assigned,
            };
            match assigned {
                Ok(epoch) if stop.is_cancelled() => {
                    tracing::debug!(%device, epoch, "assigned too late, it goes to another node");
                    return;
                }
                Ok(epoch) => match self.field.take(device, epoch).await {
                    Ok(()) => {
                        tracing::info!(%device, epoch, node = %self.node, "{device} is collected from here, under epoch {epoch}");
                        self.taken.notify_one();
                        return;
                    }
                    Err(error) => tracing::error!(%device, %error, "{device} could not be taken"),
                },
                Err(error) => tracing::warn!(%device, error = format!("{error:#}"), "{device} is not assigned yet; asking again"),
            }
            let clock = &self.workshop.clock;
            tokio::select! {
                () = stop.cancelled() => return,
                () = clock.wall_reaches(clock.now().wall + PAUSE) => {}
            }
        }
    }

    async fn assign(&self, device: &DeviceId) -> Result<u64> {
        let by: ActorId = "svc-collector".parse().context("a literal that is a name")?;
        let ask = Ask::new(by, AssignDevice { device: device.clone(), collector: self.node.clone() });
        let answered = self.workshop.commands.ask(&self.partition(), ask).await?;
        match answered.answer {
            Answer::Done { subject, .. } => subject.unwrap_or_default().parse().context("the answer to AssignDevice names no epoch"),
            Answer::AlreadySo => bail!("AssignDevice was answered as no assignment"),
            Answer::Refused { reason, .. } => bail!("{reason}"),
        }
    }

    async fn describe(&self) -> Result<(), NotDescribed> {
        let Described { plant, policy, roster, limits } = &self.described;
        let commands: [Command; 4] = [
            DescribePlant { plant: plant.clone() }.into(),
            AdoptPolicy { policy: policy.clone() }.into(),
            AdoptRoster { roster: roster.clone() }.into(),
            SetBudget { scope: "site".into(), limits: limits.clone() }.into(),
        ];
        let by: ActorId = "svc-settings".parse().expect("a literal that is a name");
        for command in commands {
            let name = command.name();
            let answered = self.workshop.commands.ask(&self.partition(), Ask::new(by.clone(), command)).await.map_err(NotDescribed::Away)?;
            if let Answer::Refused { reason, .. } = answered.answer {
                return Err(NotDescribed::Refused { command: name, reason });
            }
        }
        Ok(())
    }

    /// Drains: what was begun is finished and recorded.
    pub async fn stop(&self) {
        self.stop_deciding(true).await;
        self.stop_watching.cancel();
        for worker in std::mem::take(&mut *self.watching.lock().await) {
            finished("worker", worker).await;
        }
        self.field.stop().await;
    }
}
