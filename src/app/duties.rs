//! What falls to this node: all of it on one machine; in a cluster the shares that it is told to take, give back, or has lost.

use super::{
    finished,
    health::HealthBoard,
    platform::Platform,
    site::{NotDescribed, SiteAtWork},
};
use anyhow::Result;
use chrono::TimeDelta;
use futures::future::join_all;
use millwright_commands::Commands;
use millwright_domain::{
    ids::DeviceId,
    ports::{
        clock::Clock,
        cluster::{Cluster, Share, Turn},
        write_device::WriteDevice,
    },
    position::PartitionId,
};
use std::{collections::HashMap, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Between two tries to take a partition over.
const PAUSE: TimeDelta = TimeDelta::seconds(1);

/// After an outage of the whole log, a device's former collector measures on until the ledger gives the device to another, and what it
/// stored counts only if it is sent before that: the next collector waits so long.
const COURTESY: TimeDelta = TimeDelta::seconds(10);

/// What can be taken over, and from where it is told.
pub struct Duties {
    pub sites: Vec<Arc<SiteAtWork>>,
    pub platform: Arc<Platform>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub board: HealthBoard,
}

/// One piece of work within a share.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Duty {
    Platform,
    Decide(usize),
    Collect(usize, DeviceId),
}

/// A duty that is being taken or was taken.
struct Held {
    stop: CancellationToken,
    taking: JoinHandle<()>,
}

impl Duties {
    /// Takes everything, in the order in which it depends on each other.
    pub async fn take_all(&self) -> Result<()> {
        for site in &self.sites {
            site.take_over().await?;
            site.decide().await?;
        }
        self.platform.take_over().await?;
        self.platform.introduce().await?;
        self.platform.work().await;
        for site in &self.sites {
            for device in site.field.devices() {
                site.collect(&device, &CancellationToken::new()).await;
            }
            site.watch().await;
        }
        Ok(())
    }

    /// Stands by for everything and does what it is told, until stopped; then gives all of it back in order.
    pub async fn follow(self: Arc<Self>, cluster: Arc<dyn Cluster>, stop: CancellationToken) {
        self.commands.follow(self.platform.partition());
        for site in &self.sites {
            self.commands.follow(site.partition());
            site.watch().await;
        }
        let mut held: HashMap<Duty, Held> = HashMap::new();
        // Lost and not told anything since: what comes next nobody has at the moment.
        let mut adrift = false;
        loop {
            let turn = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                turn = cluster.turn() => turn,
            };
            match turn {
                Ok(Turn::Asked(forwarded)) => self.commands.take_forwarded(forwarded).await,
                Ok(Turn::Taken(shares)) => {
                    tracing::info!(shares = listed(&shares), "taking over {}", listed(&shares));
                    let courtesy = std::mem::take(&mut adrift).then_some(COURTESY);
                    for duty in self.duties_in(&*cluster, &shares) {
                        let taken = self.clone().begin(duty.clone(), courtesy);
                        held.insert(duty, taken);
                    }
                }
                Ok(Turn::Released { shares, until_done }) => {
                    tracing::info!(shares = listed(&shares), "giving back {}", listed(&shares));
                    self.end(&mut held, self.duties_in(&*cluster, &shares), true).await;
                    drop(until_done);
                }
                Ok(Turn::Lost(shares)) => {
                    tracing::warn!(shares = listed(&shares), "the cluster went on without this node; it has lost {}", listed(&shares));
                    self.end(&mut held, self.duties_in(&*cluster, &shares), false).await;
                    adrift = true;
                }
                Err(error) => {
                    let reason = format!("{:#}", anyhow::Error::from(error));
                    tracing::error!(reason, "this node takes no further part in the cluster; start it again");
                    self.board.failed("cluster", &format!("this node takes no further part; start it again: {reason}"));
                    break;
                }
            }
        }
        let all: Vec<Duty> = held.keys().cloned().collect();
        self.end(&mut held, all, true).await;
        cluster.leave().await;
    }

    fn duties_in(&self, cluster: &dyn Cluster, shares: &[Share]) -> Vec<Duty> {
        let mut duties = vec![];
        if shares.contains(&cluster.deciding(&self.platform.partition())) {
            duties.push(Duty::Platform);
        }
        for (number, site) in self.sites.iter().enumerate() {
            if shares.contains(&cluster.deciding(&site.partition())) {
                duties.push(Duty::Decide(number));
            }
            let devices = site.field.devices().into_iter();
            let ours = devices.filter(|device| shares.contains(&cluster.collecting(&site.plant().site, device)));
            duties.extend(ours.map(|device| Duty::Collect(number, device)));
        }
        duties
    }

    fn begin(self: Arc<Self>, duty: Duty, courtesy: Option<TimeDelta>) -> Held {
        // What is asked from now on waits until it is decided.
        if let Some(partition) = self.partition_of(&duty) {
            self.commands.expect(partition);
        }
        let stop = CancellationToken::new();
        let taking = tokio::spawn({
            let stop = stop.clone();
            async move {
                match &duty {
                    Duty::Collect(site, device) => {
                        let site = &self.sites[*site];
                        if let Some(courtesy) = courtesy.filter(|_| site.field.held_under(device).is_none()) {
                            self.rest(&stop, courtesy).await;
                        }
                        site.collect(device, &stop).await;
                    }
                    Duty::Platform => {
                        self.until_done(&stop, "take the platform over", || self.platform.take_over()).await;
                        self.until_done(&stop, "introduce the operator", || self.platform.introduce()).await;
                        self.platform.work().await;
                    }
                    Duty::Decide(site) => {
                        let site = &self.sites[*site];
                        self.until_done(&stop, "take a site over", || site.take_over()).await;
                        self.until_done(&stop, "describe a site", || described(site)).await;
                    }
                }
            }
        });
        Held { stop, taking }
    }

    fn partition_of(&self, duty: &Duty) -> Option<PartitionId> {
        match duty {
            Duty::Platform => Some(self.platform.partition()),
            Duty::Decide(site) => Some(self.sites[*site].partition()),
            Duty::Collect(..) => None,
        }
    }

    /// Tries until it is done, or until that is no longer wanted.
    async fn until_done<F: Future<Output = Result<()>>>(&self, stop: &CancellationToken, what: &str, attempt: impl Fn() -> F) {
        while !stop.is_cancelled() {
            let done = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                done = attempt() => done,
            };
            match done {
                Ok(()) => return,
                Err(error) => tracing::warn!(error = format!("{error:#}"), "could not {what} yet; trying again"),
            }
            self.rest(stop, PAUSE).await;
        }
    }

    async fn rest(&self, stop: &CancellationToken, pause: TimeDelta) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.clock.wall_reaches(self.clock.now().wall + pause) => {}
        }
    }

    /// In order, or at once if the cluster has gone on without us.
    async fn end(&self, held: &mut HashMap<Duty, Held>, duties: Vec<Duty>, in_order: bool) {
        let ending: Vec<(Duty, Held)> = duties.into_iter().filter_map(|duty| held.remove_entry(&duty)).collect();
        ending.iter().for_each(|(_, held)| held.stop.cancel());
        let mut ended = Vec::with_capacity(ending.len());
        for (duty, Held { taking, .. }) in ending {
            finished("duty", taking).await;
            ended.push(duty);
        }
        // Devices first: what is begun on them is still recorded while the site is decided here. A device that was lost is measured on,
        // into the store if need be, as long as nobody else has taken it: the ledger says when somebody has.
        if in_order {
            let devices = ended.iter().filter_map(|duty| match duty {
                Duty::Collect(site, device) => Some(self.sites[*site].field.release(device)),
                Duty::Platform | Duty::Decide(_) => None,
            });
            join_all(devices).await;
        }
        join_all(ended.iter().map(|duty| self.give_up(duty, in_order))).await;
    }

    async fn give_up(&self, duty: &Duty, in_order: bool) {
        let Some(partition) = self.partition_of(duty) else { return };
        let site = match duty {
            Duty::Decide(site) => Some(&self.sites[*site]),
            Duty::Platform | Duty::Collect(..) => None,
        };
        if !in_order {
            // First the queue: workers that wait in it for an answer would be waited for.
            self.commands.lose(&partition).await;
        }
        match site {
            Some(site) => site.stop_deciding(in_order).await,
            None => self.platform.stop_working(in_order).await,
        }
        if in_order {
            self.commands.release(&partition).await;
        }
    }
}

/// A refusal is not tried again: it would be refused again.
async fn described(site: &SiteAtWork) -> Result<()> {
    match site.decide().await {
        Ok(()) => Ok(()),
        Err(refused @ NotDescribed::Refused { .. }) => {
            site.configuration_refused(&refused.to_string());
            Ok(())
        }
        Err(away) => Err(away.into()),
    }
}

fn listed(shares: &[Share]) -> String {
    shares.iter().map(Share::to_string).collect::<Vec<_>>().join(", ")
}
